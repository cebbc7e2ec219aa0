#!/bin/bash
# Make the Secrets that the local overlay refers to, with random values, in the cluster that kubectl points at.
# Existing ones stay as they are: run it before every apply. Nothing is written to disk.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
kubectl apply -f "$here/../../base/namespace.yaml" -f "$here/../../components/backing/namespace.yaml"

if kubectl --namespace elcorp get secret gateway-runtime >/dev/null 2>&1; then
  echo "The secrets are there already."
  exit 0
fi

values="$("$here/../../secret-values.sh" local)"

create() { # NAMESPACE SECRET
  local literals=() namespace secret key value
  while IFS=$'\t' read -r namespace secret key value; do
    [ "$namespace/$secret" = "$1/$2" ] && literals+=(--from-literal="$key=$value")
  done <<<"$values"
  kubectl --namespace "$1" create secret generic "$2" "${literals[@]}"
}

# gateway-runtime last: where it exists, all the others do.
cut -f 1,2 <<<"$values" | sort -u | grep -v gateway-runtime | while read -r namespace secret; do create "$namespace" "$secret"; done
create elcorp gateway-runtime
echo "The administrator's password is $(awk -F '\t' '$3 == "admin-password" { print $4 }' <<<"$values")"
