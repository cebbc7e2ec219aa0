#!/bin/bash
# Create the Secrets of the local overlay with random values, in kubectl's current cluster. Does not change existing ones: run it
# before every apply. If it was interrupted, the next run creates all of them again. Writes nothing to disk, and passes no value
# as an argument of a process, which other users could read.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
kubectl apply -f "$here/../../base/namespace.yaml" -f "$here/../../components/backing/namespace.yaml"

if kubectl --namespace elcorp get secret gateway-runtime >/dev/null 2>&1; then
  echo "The secrets are there already."
  exit 0
fi

values="$("$here/../../secret-values.sh" local)"

create() { # NAMESPACE SECRET
  awk -F '\t' -v namespace="$1" -v secret="$2" '$1 == namespace && $2 == secret { print $3 "=" $4 }' <<<"$values" |
    kubectl create secret generic "$2" --from-env-file=/dev/stdin --dry-run=client --output yaml |
    kubectl --namespace "$1" apply -f -
}

# gateway-runtime is created last: if it exists, all the others do.
cut -f 1,2 <<<"$values" | sort -u | grep -v gateway-runtime | while read -r namespace secret; do create "$namespace" "$secret"; done
create elcorp gateway-runtime
echo "The administrator's password is $(awk -F '\t' '$3 == "admin-password" { print $4 }' <<<"$values")"
