"""The scripts create exactly the secrets that pods read, with values that the processes accept."""

import os
import signal
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
import yaml

from deploy.ci.release import find_kubectl
from identity.domain.password_policy import PasswordPolicy
from k8s.tests.rendering import K8S, container_of, environment, render, workloads
from k8s.tests.secret_values import secret_values

# Replaces a cluster: stores Secrets, records arguments, and kills the script if it would create too many.
STUB = """#!/bin/bash
set -eu
printf '%s\\n' "$@" >> arguments
case " $* " in
  *" get secret "*) [ -e "secrets/$2/${*: -1}" ] ;;
  *" create secret "*) exec "$KUBECTL" "$@" ;;
  *" --namespace "*" apply -f - "*)
    [ "$(find secrets -type f | wc -l)" -lt "$SECRETS_MAX" ] || kill -KILL 0
    secret=$(cat)
    mkdir -p "secrets/$2"
    cat > "secrets/$2/$(sed -n 's/^  name: //p' <<<"$secret")" <<<"$secret"
    ;;
  *" apply -f "*) ;;
  *) exit 1 ;;
esac
"""
# The values by key, by "namespace/name".
Secrets = dict[str, dict[str, str]]


def make(folder: Path, *, secrets_max: int = 100) -> int:
    """Run the script against the stub, and return its status; keeps a cluster that the folder already has."""
    kubectl = folder / "kubectl"
    kubectl.write_text(STUB)
    kubectl.chmod(0o755)
    (folder / "secrets").mkdir(exist_ok=True)
    return subprocess.run(  # noqa: S603  # our own script
        [str(K8S / "overlays" / "local" / "secrets.sh")],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "KUBECTL": find_kubectl(), "SECRETS_MAX": str(secrets_max)},
        cwd=folder,
        check=False,
        capture_output=True,
        timeout=300,
        start_new_session=True,
    ).returncode


def made(folder: Path) -> Secrets:
    secrets: Secrets = {}
    for file in (folder / "secrets").glob("*/*"):
        data = yaml.safe_load(file.read_text())["data"]
        secrets[str(file.relative_to(folder / "secrets"))] = {key: b64decode(value).decode() for key, value in data.items()}
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


def test_exactly_the_secrets_that_are_read_are_created(tmp_path: Path) -> None:
    assert make(tmp_path) == 0
    secrets = {name: set(values) for name, values in made(tmp_path).items()}
    services = ("IDENTITY", "PAYMENTS", "GOVERNANCE", "COMPLIANCE")

    postgres = secrets.pop("elcorp-data/postgres")
    assert postgres == {"POSTGRES_PASSWORD"} | {
        f"{each}_{role}_PASSWORD" for each in services for role in ("OWNER", "APP", "RELAY")
    }
    wanted = read()
    del wanted["elcorp-data/postgres"]
    assert secrets == wanted


def test_running_again_keeps_the_secrets(tmp_path: Path) -> None:
    assert make(tmp_path) == 0
    secrets = made(tmp_path)
    assert make(tmp_path) == 0
    assert made(tmp_path) == secrets


def test_the_next_run_completes_an_interrupted_one(tmp_path: Path) -> None:
    assert make(tmp_path, secrets_max=3) == -signal.SIGKILL
    assert len(made(tmp_path)) == 3
    assert make(tmp_path) == 0

    secrets = made(tmp_path)
    assert read().keys() <= secrets.keys()
    # One run has created all of them, so they agree.
    password = secrets["elcorp-data/rabbitmq"]["RABBITMQ_PASSWORD"]
    assert all(f":{password}@" in secrets[f"elcorp/{name}-runtime"]["rabbitmq-url"] for name in ("gateway", "payments"))


def test_no_value_is_an_argument_of_a_program(tmp_path: Path) -> None:
    assert make(tmp_path) == 0
    arguments = (tmp_path / "arguments").read_text()
    assert "gateway-runtime" in arguments
    assert [key for values in made(tmp_path).values() for key, value in values.items() if value in arguments] == []


def test_values_are_stored_unchanged(tmp_path: Path) -> None:
    assert make(tmp_path) == 0
    secrets = made(tmp_path)
    postgres = secrets["elcorp-data/postgres"]
    assert secrets["elcorp/payments-runtime"]["database-url"] == (
        f"postgresql://payments_app:{postgres['PAYMENTS_APP_PASSWORD']}@postgres.elcorp-data:5432/payments"
    )
    assert len(b64decode(secrets["elcorp/identity-runtime"]["master-key"])) == 32


def values(environment: str) -> dict[str, str]:
    """Return the values for an environment, by "secret/key"."""
    made = secret_values(environment)
    return {
        f"{secret}/{key}": value for secrets in made.values() for secret, keys in secrets.items() for key, value in keys.items()
    }


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
def test_the_policy_accepts_the_administrator_s_password(environment: str) -> None:
    for _ in range(10):
        PasswordPolicy().check(values(environment)["identity-runtime/admin-password"], ["admin@elcorp.na"])


def test_each_value_is_different_in_each_run() -> None:
    first, second = values("production"), values("production")
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first)


def test_without_an_environment_the_usage_is_shown_and_nothing_is_created() -> None:
    shown = subprocess.run([str(K8S / "secret-values.sh")], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # our own
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "Usage:" in shown.stderr
