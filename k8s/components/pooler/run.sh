#!/bin/sh
# Run PgBouncer, and make it reload its files after a change: certificates are renewed while it runs.
set -eu
config=${1:-/etc/pooler/pgbouncer.ini}
pooler=$$

content() {
  sed -n 's/^[a-z_]*_file = //p' "$config" | while read -r file; do cat "$file"; done | cat "$config" - | cksum
}

watch() {
  before=$(content)
  while sleep "${WATCH_SECONDS:-5}" && kill -0 "$pooler"; do
    now=$(content)
    if [ "$now" != "$before" ]; then
      kill -HUP "$pooler"
      before=$now
    fi
  done
}

watch &
exec pgbouncer "$config"
