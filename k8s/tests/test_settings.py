"""Every process accepts the settings that its pod gives it; a stricter rule in the code shows here, not at a roll-out."""

import pytest

from chassis.settings import ProcessSettings
from gateway.settings import GatewaySettings
from k8s.tests.contexts import SETTINGS
from k8s.tests.rendering import OVERLAYS, container_of, name, ours, render
from k8s.tests.variables import variables

# Values such as an environment's own Secrets would hold.
SECRETS = {
    "database-url": "postgresql://x_app:Zk3vQ@db/x",
    "database-owner-url": "postgresql://x_owner:Zk3vQ@db/x",
    "rabbitmq-url": "amqp://x:Zk3vQ@mq/",
    "redis-url": "redis://:Zk3vQ@cache/0",
    "master-key": "q" * 43 + "=",
    "digest-key": "d" * 43 + "=",
    "other-master-key": "o" * 43 + "=",
    "admin-password": "Zk3vQ-Zk3vQ-Zk3vQ",
    "smtp-password": "Zk3vQ-Zk3vQ",
}
OF: dict[str, type[ProcessSettings]] = {**{each.NAME: each for each in SETTINGS}, "gateway": GatewaySettings}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_accepts_its_settings(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)

    for workload in ours(documents):
        with monkeypatch.context() as patch:
            for variable, value in variables(workload, documents, SECRETS).items():
                patch.setenv(variable, value)
            settings = OF[container_of(workload)["command"][2]]()

        assert settings.environment == overlay
        ports = {port["name"]: port["containerPort"] for port in container_of(workload).get("ports", [])}
        own = {"http": "gateway_port", "ops": "ops_port"} if name(workload) == "gateway" else {}
        fields = {"http": "rest_port", "grpc": "grpc_port", "ops": "ops_port", "grpc-health": "grpc_health_port", **own}
        assert {port: getattr(settings, fields[port]) for port in ports} == ports
