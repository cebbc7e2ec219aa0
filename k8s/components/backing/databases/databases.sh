#!/bin/bash
# The services' databases, with a role that owns each (migrations) and a role that runs on it. Running it again changes nothing
# but passwords. Connects as a superuser by libpq's variables (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE …).
#   databases.sh [SERVICE…]              those of the services, all four without a name. Passwords: IDENTITY_OWNER_PASSWORD,
#                                        IDENTITY_APP_PASSWORD and so on, and POOLER_PASSWORD; a role whose password is not
#                                        given keeps the one that it has
#   databases.sh login SERVICE LOGIN     a login of the service's runtime role (<service>_app, <service>_app_b); LOGIN_PASSWORD
#   databases.sh retire SERVICE LOGIN    end a login that no process uses any more
# The images of PostgreSQL run it once, on an empty volume.
set -euo pipefail
here=${DATABASES_SQL:-$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")}
export PGUSER=${PGUSER:-${POSTGRES_USER:-postgres}}

# An owner can create functions in its database and set the database's search_path: we would call them as a superuser.
export PGOPTIONS="${PGOPTIONS:-} -c search_path=pg_catalog -c client_min_messages=warning"

usage() {
  sed -n '2,/^set /{/^#/p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

is_plain() { [[ $1 =~ ^[a-z][a-z0-9_]*$ && ! $1 =~ ^(postgres|template[01])$ ]]; }

# Runs files with parameters: run DATABASE NAME=VALUE… -- FILE…. The environment carries them, as other users cannot read it.
run() {
  local database=$1 parameters="" files=() text space
  shift
  while [ "$1" != -- ]; do
    # The server separates options at white space.
    text=${1//\\/\\\\}
    for space in ' ' $'\t' $'\n' $'\v' $'\f' $'\r'; do text=${text//"$space"/"\\$space"}; done
    parameters+=" -c elcorp.$text"
    shift
  done
  shift
  for file in "$@"; do files+=(--file "$here/$file"); done
  PGOPTIONS="$PGOPTIONS$parameters" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "$database" "${files[@]}"
}

provide() {
  local service=$1 owner="${1^^}_OWNER_PASSWORD" app="${1^^}_APP_PASSWORD" is_new=""
  if [ -z "$(psql --no-psqlrc -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = '$service'")" ]; then
    # A mistyped command would otherwise be a new service.
    if [ -z "${!owner:-}" ] || [ -z "${!app:-}" ]; then
      echo "There is no database $service; to make it, give $owner and $app." >&2
      exit 1
    fi
    is_new=yes
  fi
  run postgres service="$service" owner_password="${!owner:-}" login_password="${!app:-}" \
    pooler_password="${POOLER_PASSWORD:-}" -- roles.sql
  if [ "$is_new" ]; then
    # Encoding and text order are named, so that they do not depend on the server's locale.
    createdb --maintenance-db postgres --owner "${service}_owner" --template template0 --encoding UTF8 --locale C.UTF-8 "$service"
  fi
  run "$service" -- rights.sql
}

case "${1:-}" in
  login | retire) if [ $# -ne 3 ] || ! is_plain "$2"; then usage; fi ;;
  *)
    [ $# -gt 0 ] || set -- identity payments governance compliance
    for service in "$@"; do is_plain "$service" || usage; done
    ;;
esac
case "$1" in
  login) run "$2" service="$2" login="$3" login_password="${LOGIN_PASSWORD:?}" -- roles.sql rights.sql ;;
  retire) run "$2" login="$3" -- retire.sql ;;
  *) for service in "$@"; do provide "$service"; done ;;
esac
