#!/bin/sh
# Write .env next to docker-compose.yml, with a random value for every secret that it needs. Does not change an existing file.
# Usage: deploy/compose/env.sh [FILE]
set -eu
file=${1:-$(dirname "$0")/../../.env}
if [ -e "$file" ]; then
  echo "$file exists; it was not changed"
  exit 0
fi

# Random text that needs no quoting in a URL or in .env.
random() { head -c "$1" /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

umask 077
{
  echo "# Written by deploy/compose/env.sh; do not commit."
  for name in POSTGRES RABBITMQ REDIS; do
    echo "${name}_PASSWORD=$(random 24)"
  done
  for service in IDENTITY PAYMENTS GOVERNANCE COMPLIANCE; do
    echo "${service}_OWNER_PASSWORD=$(random 24)"
    echo "${service}_APP_PASSWORD=$(random 24)"
    echo "${service}_RELAY_PASSWORD=$(random 24)"
  done
  echo "# For trying it out: messages are at /api/v1/dev/mailbox. Otherwise set staging or production, and a mail relay."
  echo "ELCORP_ENVIRONMENT=local"
  echo "ELCORP_SMTP_HOST="
  echo "IDENTITY_MASTER_KEY=$(key)"
  echo "IDENTITY_DIGEST_KEY=$(key)"
  echo "PAYMENTS_APPROVAL_KEY=$(key)"
  echo "GOVERNANCE_REPORT_KEY=$(key)"
  echo "COMPLIANCE_MASTER_KEY=$(key)"
  echo "ELCORP_ADMIN_EMAIL=admin@elcorp.na"
  # Every class of characters that the password policy requires.
  echo "ELCORP_ADMIN_PASSWORD=$(random 18)-aA7!"
} >"$file.new"
mv "$file.new" "$file"
echo "wrote $file; the administrator's password is in it"
