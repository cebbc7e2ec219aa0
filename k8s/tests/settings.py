"""The settings that each process makes from its pod's environment."""

from collections.abc import Mapping

import pytest

from chassis.process_settings import ProcessSettings
from gateway.settings import GatewaySettings
from k8s.tests.contexts import SETTINGS
from k8s.tests.rendering import Document, container_of
from k8s.tests.variables import SecretOf, variables

# Values like those in an environment's Secrets.
SECRETS = {
    "database-url": "postgresql://x_app:Zk3vQ@db/x",
    "pooled-database-url": "postgresql://x_app:Zk3vQ@pooler:6432/x",
    "relay-database-url": "postgresql://x_relay:Zk3vQ@db/x",
    "database-owner-url": "postgresql://x_owner:Zk3vQ@db/x",
    "rabbitmq-url": "amqps://x:Zk3vQ@mq/",
    "redis-url": "rediss://:Zk3vQ@cache/0",
    "master-key": "q" * 43 + "=",
    "approval-key": "a" * 43 + "=",
    "report-key": "r" * 43 + "=",
    "digest-key": "d" * 43 + "=",
    "other-master-key": "o" * 43 + "=",
    "admin-password": "Zk3vQ-Zk3vQ-Zk3vQ",
    "smtp-password": "Zk3vQ-Zk3vQ",
    "objects-access-key-id": "AKIAZk3vQ",
    "objects-secret-access-key": "Zk3vQ-Zk3vQ",
}
SETTINGS_BY_PROGRAM: dict[str, type[ProcessSettings]] = {**{each.NAME: each for each in SETTINGS}, "gateway": GatewaySettings}


def secret_by_key(others: Mapping[str, str] | None = None) -> SecretOf:
    """Return a look-up of SECRETS, with some replaced by `others`."""
    values = {**SECRETS, **(others or {})}
    return lambda _secret, key: values[key]


def settings_of(
    workload: Document, documents: list[Document], monkeypatch: pytest.MonkeyPatch, secrets: Mapping[str, str] | None = None
) -> ProcessSettings:
    """Create the settings as the container's process does, raising ValidationError as it does; `secrets` replace some."""
    with monkeypatch.context() as patch:
        for variable, value in variables(workload, documents, secret_by_key(secrets)).items():
            patch.setenv(variable, value)
        return SETTINGS_BY_PROGRAM[container_of(workload)["command"][2]]()
