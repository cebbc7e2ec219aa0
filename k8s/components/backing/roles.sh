#!/bin/bash
# Runs once, on an empty data directory: a database for each service, a role that owns it and a role that runs on it.
set -euo pipefail
for service in identity payments governance compliance; do
  owner="${service^^}_OWNER_PASSWORD" app="${service^^}_APP_PASSWORD"
  psql --set ON_ERROR_STOP=1 --username postgres --set service="$service" \
    --set owner_role="${service}_owner" --set owner_password="${!owner}" \
    --set app_role="${service}_app" --set app_password="${!app}" <<'SQL'
CREATE ROLE :"owner_role" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"app_role" LOGIN PASSWORD :'app_password';
CREATE DATABASE :"service" OWNER :"owner_role";
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"app_role";
SQL
done
