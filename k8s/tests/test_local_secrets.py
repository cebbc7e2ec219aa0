"""The local overlay's script makes exactly the secrets that its pods read."""

import os
import subprocess
from pathlib import Path

from k8s.tests.rendering import K8S, container_of, environment, render, workloads

# Stands in for kubectl: remembers what it is told, and knows no secret yet.
STUB = """#!/bin/bash
for word in "$@"; do [ "$word" = get ] && exit 1; done
printf '%s\\0' "$@" >> "$STUB_LOG"
printf '\\n' >> "$STUB_LOG"
"""


def made(folder: Path) -> dict[str, set[str]]:
    """Run the script against the stub; gives the keys of each secret, by "namespace/name"."""
    kubectl, log = folder / "kubectl", folder / "log"
    kubectl.write_text(STUB)
    kubectl.chmod(0o755)
    subprocess.run(  # noqa: S603  # our own script
        [str(K8S / "overlays" / "local" / "secrets.sh")],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "STUB_LOG": str(log)},
        check=True,
        capture_output=True,
        timeout=300,
    )
    secrets: dict[str, set[str]] = {}
    for line in log.read_text().splitlines():
        words = line.split("\0")
        if "secret" in words:
            keys = {
                word.removeprefix("--from-literal=").partition("=")[0] for word in words if word.startswith("--from-literal=")
            }
            secrets[f"{words[1]}/{words[words.index('generic') + 1]}"] = keys
    return secrets


def read() -> dict[str, set[str]]:
    secrets: dict[str, set[str]] = {}
    for workload in workloads(render("local")):
        namespace = workload["metadata"]["namespace"]
        for _, variable in environment(workload):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference and not reference.get("optional"):
                secrets.setdefault(f"{namespace}/{reference['name']}", set()).add(reference["key"])
        for source in container_of(workload).get("envFrom", []):
            if "secretRef" in source:
                secrets.setdefault(f"{namespace}/{source['secretRef']['name']}", set())
    return secrets


def test_every_secret_that_is_read_is_made_and_no_other(tmp_path: Path) -> None:
    secrets = made(tmp_path)
    services = ("IDENTITY", "PAYMENTS", "GOVERNANCE", "COMPLIANCE")

    postgres = secrets.pop("elcorp-data/postgres")
    assert postgres == {"POSTGRES_PASSWORD"} | {f"{each}_{role}_PASSWORD" for each in services for role in ("OWNER", "APP")}
    wanted = read()
    del wanted["elcorp-data/postgres"]
    assert secrets == wanted
