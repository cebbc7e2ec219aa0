#!/bin/bash
# A database for each service, with a role that owns it (migrations) and a role that runs on it. Runs once, on an empty volume;
# passwords come from the environment. The encoding and the order of text are named, so as not to depend on the image's locale.
set -euo pipefail
for service in identity payments governance compliance; do
  owner_password=${service^^}_OWNER_PASSWORD
  app_password=${service^^}_APP_PASSWORD
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set service="$service" --set owner="${service}_owner" --set app="${service}_app" \
    --set owner_password="${!owner_password}" --set app_password="${!app_password}" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN PASSWORD :'app_password';
CREATE DATABASE :"service" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"app";
SQL
done
