#!/bin/sh
# Write .env beside docker-compose.yml with a random value for every secret that it needs. An existing file is left alone.
# Usage: deploy/compose/env.sh [FILE]
set -eu
file=${1:-$(dirname "$0")/../../.env}
if [ -e "$file" ]; then
  echo "$file exists; it is left as it is"
  exit 0
fi

# Random text that needs no quoting in a URL or in .env.
random() { head -c "$1" /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

umask 077
{
  echo "# Made by deploy/compose/env.sh; not for any repository."
  for name in POSTGRES RABBITMQ REDIS; do
    echo "${name}_PASSWORD=$(random 24)"
  done
  for service in IDENTITY PAYMENTS GOVERNANCE COMPLIANCE; do
    echo "${service}_OWNER_PASSWORD=$(random 24)"
    echo "${service}_APP_PASSWORD=$(random 24)"
  done
  echo "# To look around: messages are read at /api/v1/dev/mailbox. Elsewhere, staging or production and a mail relay."
  echo "ELCORP_ENVIRONMENT=local"
  echo "ELCORP_SMTP_HOST="
  echo "IDENTITY_MASTER_KEY=$(key)"
  echo "IDENTITY_DIGEST_KEY=$(key)"
  echo "COMPLIANCE_MASTER_KEY=$(key)"
  echo "ELCORP_ADMIN_EMAIL=admin@elcorp.na"
  # Every class of character that the password policy asks for.
  echo "ELCORP_ADMIN_PASSWORD=$(random 18)-aA7!"
} >"$file.new"
mv "$file.new" "$file"
echo "wrote $file; the administrator's password is in it"
