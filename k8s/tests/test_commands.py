"""Each command that docs/kubernetes.md documents has its settings in the Deployment that the line names."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from compliance.bootstrap import SERVICE as COMPLIANCE
from governance.bootstrap import SERVICE as GOVERNANCE
from identity.bootstrap import SERVICE as IDENTITY
from k8s.tests.rendering import OVERLAYS, container_of, kind, name, render
from k8s.tests.settings import settings_of
from payments.bootstrap import SERVICE as PAYMENTS

DOCS = Path(__file__).parents[2] / "docs" / "kubernetes.md"
LINES = re.findall(r"^kubectl -n elcorp exec deploy/(\S+) -- python -m (\w+) ([\w-]+)", DOCS.read_text(), re.MULTILINE)
DATABASE, KEYS = ("database_url",), ("database_url", "master_key", "digest_key")
# The settings that a command reads and that have no default.
READS = {
    "dead-letters": ("rabbitmq_url", *DATABASE),
    "checkpoints": DATABASE,
    "ledger": DATABASE,
    "projections": DATABASE,
    "fsck": (*DATABASE, "log_origin", "master_key"),
    "create-admin": KEYS,
    "unlock": (*KEYS, "redis_url"),
    "folded-emails": KEYS,
    "unfold-email": KEYS,
    "confirm-recovery": KEYS,
    "rotate-keys": KEYS,
    # Without it, keys wrapped by the replaced master key cannot be unwrapped.
    "rotate-master-key": (*KEYS, "other_master_key"),
}
# It verifies files and needs no settings.
OFFLINE = {("compliance", "verify")}


def test_every_command_is_documented() -> None:
    services = (IDENTITY, PAYMENTS, GOVERNANCE, COMPLIANCE)
    every = {(service.name, command) for service in services for command in ("dead-letters", *service.commands)}
    every |= {(service.name, "checkpoints") for service in services if service is not COMPLIANCE}
    assert {(service, command) for _, service, command in LINES} == every - OFFLINE


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_commands_settings_are_in_its_documented_deployment(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)
    deployments = {name(document): document for document in kind(documents, "Deployment")}
    for deployment, service, command in LINES:
        workload = deployments[deployment]
        assert container_of(workload)["command"][2] == service
        settings = settings_of(workload, documents, monkeypatch)
        missing = [setting for setting in READS[command] if not _is_set(getattr(settings, setting))]
        assert missing == [], f"{deployment} has no {missing} for {service} {command}"


def _is_set(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
