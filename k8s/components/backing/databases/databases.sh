#!/bin/bash
# Create the services' databases, each with an owner role (for migrations), a runtime role and a relay's role. Running it again
# creates missing roles and changes passwords. Connects as a superuser with libpq's variables (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE …).
#   databases.sh [SERVICE…]              databases of these services; all four without a name. Passwords: IDENTITY_OWNER_PASSWORD,
#                                        IDENTITY_APP_PASSWORD, IDENTITY_RELAY_PASSWORD and so on, and POOLER_PASSWORD; a
#                                        role whose password is not set keeps its password
#   databases.sh login SERVICE LOGIN     create a login of the service's runtime role (<service>_app, <service>_app_b); LOGIN_PASSWORD
#   databases.sh retire SERVICE LOGIN    remove a login that no process uses any more
# The images of PostgreSQL run it once, on an empty volume.
set -euo pipefail
here=${DATABASES_SQL:-$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")}
export PGUSER=${PGUSER:-${POSTGRES_USER:-postgres}}

# An owner can create functions in its database and set the database's search_path; without this, we would call them as a
# superuser.
export PGOPTIONS="${PGOPTIONS:-} -c search_path=pg_catalog -c client_min_messages=warning"

usage() {
  sed -n '2,/^set /{/^#/p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

is_plain() { [[ $1 =~ ^[a-z][a-z0-9_]*$ && ! $1 =~ ^(postgres|template[01])$ ]]; }

# Run files with parameters: run DATABASE NAME=VALUE… -- FILE…. The parameters are passed in the environment, which other users
# cannot read.
run() {
  local database=$1 parameters="" files=() text space
  shift
  while [ "$1" != -- ]; do
    # The server splits options at white space.
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
  local service=$1 owner="${1^^}_OWNER_PASSWORD" app="${1^^}_APP_PASSWORD" relay="${1^^}_RELAY_PASSWORD" is_new=""
  if [ -z "$(psql --no-psqlrc -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = '$service'")" ]; then
    # Otherwise a mistyped command would create a new service.
    if [ -z "${!owner:-}" ] || [ -z "${!app:-}" ] || [ -z "${!relay:-}" ]; then
      echo "There is no database $service; to create it, set $owner, $app and $relay." >&2
      exit 1
    fi
    is_new=yes
  fi
  run postgres service="$service" owner_password="${!owner:-}" login_password="${!app:-}" \
    relay_password="${!relay:-}" pooler_password="${POOLER_PASSWORD:-}" -- roles.sql
  if [ "$is_new" ]; then
    # Set encoding and collation, so that they do not depend on the server's locale.
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
