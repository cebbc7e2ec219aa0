#!/bin/bash
# Print new random values for every Secret of an environment, one per line, as four fields separated by tabs:
# "namespace secret key value". Writes nothing else.
# Usage: k8s/secret-values.sh local|staging|production
#   local          overlays/local/secrets.sh writes them to the cluster
#   others         for the vault, and for the servers that the environment provides; see docs/kubernetes.md
# Values that others issue are omitted: certificates, the mail relay's password.
set -euo pipefail

usage() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

# Text that needs no quoting in a URL.
random() { head -c 24 /dev/urandom | base64 | tr '+/' 'ab'; }
key() { head -c 32 /dev/urandom | base64; }
# Every class of characters that identity's password policy requires.
password() { echo "$(random)-aA7!"; }
value() { printf '%s\t%s\t%s\t%s\n' "$@"; }

values() {
  local environment=$1 rabbitmq redis postgres=postgres.elcorp-data:5432
  rabbitmq=$(random) redis=$(random)
  value elcorp-data postgres POSTGRES_PASSWORD "$(random)"
  value elcorp-data rabbitmq RABBITMQ_PASSWORD "$rabbitmq"
  value elcorp-data redis REDIS_PASSWORD "$redis"

  local rabbitmq_url="amqps://elcorp:$rabbitmq@rabbitmq.elcorp-data:5671/"
  local redis_url="rediss://:$redis@redis.elcorp-data:6379/0"
  if [ "$environment" = local ]; then
    rabbitmq_url="amqp://elcorp:$rabbitmq@rabbitmq.elcorp-data:5672/"
    redis_url="redis://:$redis@redis.elcorp-data:6379/0"
  fi

  if [ "$environment" != local ]; then
    local pooler
    pooler=$(random)
    value elcorp-data postgres POOLER_PASSWORD "$pooler"
    value elcorp pooler-runtime users "\"pooler\" \"$pooler\""
  fi

  local service owner app relay
  for service in identity payments governance compliance; do
    owner=$(random) app=$(random) relay=$(random)
    value elcorp-data postgres "${service^^}_OWNER_PASSWORD" "$owner"
    value elcorp-data postgres "${service^^}_APP_PASSWORD" "$app"
    value elcorp-data postgres "${service^^}_RELAY_PASSWORD" "$relay"
    value elcorp "$service-owner" database-owner-url "postgresql://${service}_owner:$owner@$postgres/$service"
    value elcorp "$service-runtime" database-url "postgresql://${service}_app:$app@$postgres/$service"
    value elcorp "$service-runtime" relay-database-url "postgresql://${service}_relay:$relay@$postgres/$service"
    [ "$environment" = local ] ||
      value elcorp "$service-runtime" pooled-database-url "postgresql://${service}_app:$app@pooler:6432/$service"
    value elcorp "$service-runtime" rabbitmq-url "$rabbitmq_url"
    value elcorp "$service-runtime" redis-url "$redis_url"
  done
  value elcorp identity-runtime master-key "$(key)"
  value elcorp identity-runtime digest-key "$(key)"
  value elcorp identity-runtime admin-password "$(password)"
  value elcorp payments-runtime approval-key "$(key)"
  value elcorp governance-runtime report-key "$(key)"
  value elcorp compliance-runtime master-key "$(key)"
  value elcorp gateway-runtime rabbitmq-url "$rabbitmq_url"
  value elcorp gateway-runtime redis-url "$redis_url"
}

case "${1:-}" in
  local | staging | production) values "$1" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
