"""The scripts make exactly the secrets that pods read, with values that the processes accept."""

import os
import subprocess
from pathlib import Path

import pytest

from identity.domain.password_policy import PasswordPolicy
from k8s.tests.rendering import K8S, container_of, environment, render, workloads
from k8s.tests.secret_values import secret_values

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


def values(environment: str) -> dict[str, str]:
    """Return the values for an environment, by "secret/key"."""
    made = secret_values(environment)
    return {
        f"{secret}/{key}": value for secrets in made.values() for secret, keys in secrets.items() for key, value in keys.items()
    }


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
def test_the_administrator_s_password_is_one_that_the_policy_accepts(environment: str) -> None:
    for _ in range(10):
        PasswordPolicy().check(values(environment)["identity-runtime/admin-password"], ["admin@elcorp.na"])


def test_each_value_is_drawn_again() -> None:
    first, second = values("production"), values("production")
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first)


def test_without_an_environment_the_usage_is_shown_and_nothing_made() -> None:
    shown = subprocess.run([str(K8S / "secret-values.sh")], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # our own
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "Usage:" in shown.stderr
