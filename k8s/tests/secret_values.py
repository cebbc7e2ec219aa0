"""The values that k8s/secret-values.sh prints for an environment."""

import subprocess
from collections import defaultdict

from k8s.tests.rendering import K8S

# By Secret and key.
Values = dict[str, dict[str, str]]


def secret_values(environment: str) -> dict[str, Values]:
    """Return new values by namespace, Secret and key."""
    script = [str(K8S / "secret-values.sh"), environment]
    printed = subprocess.run(script, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603  # our own script
    secrets: dict[str, Values] = defaultdict(lambda: defaultdict(dict))
    for line in printed.splitlines():
        namespace, secret, key, value = line.split("\t")
        secrets[namespace][secret][key] = value
    return secrets
