#!/bin/bash
# Makes the secrets that the local overlay refers to, with random values, in the cluster that kubectl points at.
# Existing ones stay as they are: run it before every apply. Nothing is written to disk.
set -euo pipefail

random() { head -c 24 /dev/urandom | base64 | tr '+/' 'ab'; }
key() { head -c 32 /dev/urandom | base64; }
exists() { kubectl --namespace "$1" get secret "$2" >/dev/null 2>&1; }

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
kubectl apply -f "$here/../../base/namespace.yaml" -f "$here/../../components/backing/namespace.yaml"

if exists elcorp gateway-runtime; then
  echo "The secrets are there already."
  exit 0
fi

rabbitmq="$(random)" redis="$(random)" postgres=(--from-literal=POSTGRES_PASSWORD="$(random)")
rabbitmq_url="amqp://elcorp:$rabbitmq@rabbitmq.elcorp-data:5672/"
redis_url="redis://:$redis@redis.elcorp-data:6379/0"

for service in identity payments governance compliance; do
  owner="$(random)" app="$(random)"
  postgres+=(--from-literal="${service^^}_OWNER_PASSWORD=$owner" --from-literal="${service^^}_APP_PASSWORD=$app")
  at="postgres.elcorp-data:5432/$service"
  runtime=(--from-literal=database-url="postgresql://${service}_app:$app@$at" --from-literal=rabbitmq-url="$rabbitmq_url")
  runtime+=(--from-literal=redis-url="$redis_url")
  case "$service" in identity | compliance) runtime+=(--from-literal=master-key="$(key)") ;; esac
  if [ "$service" = identity ]; then
    admin="$(random)"
    runtime+=(--from-literal=admin-password="$admin" --from-literal=digest-key="$(key)")
  fi
  kubectl --namespace elcorp create secret generic "$service-runtime" "${runtime[@]}"
  kubectl --namespace elcorp create secret generic "$service-owner" \
    --from-literal=database-owner-url="postgresql://${service}_owner:$owner@$at"
done
kubectl --namespace elcorp-data create secret generic postgres "${postgres[@]}"
kubectl --namespace elcorp-data create secret generic rabbitmq --from-literal=RABBITMQ_PASSWORD="$rabbitmq"
kubectl --namespace elcorp-data create secret generic redis --from-literal=REDIS_PASSWORD="$redis"
# Last: its presence says that all the others are there.
kubectl --namespace elcorp create secret generic gateway-runtime \
  --from-literal=rabbitmq-url="$rabbitmq_url" --from-literal=redis-url="$redis_url"
echo "The administrator's password is $admin"
