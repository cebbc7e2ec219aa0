"""Every process accepts the settings that its pod gives it; a stricter rule in the code shows here, not at a roll-out."""

import pytest

from chassis.settings import ProcessSettings
from gateway.settings import GatewaySettings
from k8s.tests.contexts import SETTINGS
from k8s.tests.rendering import OVERLAYS, Document, container_of, environment, kind, name, ours, render

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


def variables(workload: Document, config_maps: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the environment that the container starts with."""
    container = container_of(workload)
    found = {key: value for source in container["envFrom"] for key, value in config_maps[source["configMapRef"]["name"]].items()}
    for variable, given in environment(workload):
        source = given.get("valueFrom", {})
        if secret := source.get("secretKeyRef"):
            found[variable] = SECRETS[secret["key"]]
        elif config := source.get("configMapKeyRef"):
            found[variable] = config_maps[config["name"]][config["key"]]
        else:
            found[variable] = given["value"]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_accepts_its_settings(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)
    config_maps = {name(each): each.get("data", {}) for each in kind(documents, "ConfigMap")}

    for workload in ours(documents):
        with monkeypatch.context() as patch:
            for variable, value in variables(workload, config_maps).items():
                patch.setenv(variable, value)
            settings = OF[container_of(workload)["command"][2]]()

        assert settings.environment == overlay
        ports = {port["name"]: port["containerPort"] for port in container_of(workload).get("ports", [])}
        own = {"http": "gateway_port", "ops": "ops_port"} if name(workload) == "gateway" else {}
        fields = {"http": "rest_port", "grpc": "grpc_port", "ops": "ops_port", "grpc-health": "grpc_health_port", **own}
        assert {port: getattr(settings, fields[port]) for port in ports} == ports


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_knows_the_url_that_clients_see(overlay: str) -> None:
    """Tokens name it as their issuer (RFC 8414), and what a device signs when it refreshes names it (RFC 9449)."""
    documents = render(overlay)
    config_maps = {name(each): each.get("data", {}) for each in kind(documents, "ConfigMap")}
    hosts = [rule["host"] for ingress in kind(documents, "Ingress") for rule in ingress["spec"]["rules"]]
    public_url = f"https://{hosts[0]}" if hosts else "http://localhost:8000"
    given = [variables(workload, config_maps) for workload in ours(documents)]
    assert {each["ELCORP_PUBLIC_URL"] for each in given} == {public_url}
    assert {each["ELCORP_FORMER_TOKEN_ISSUER"] for each in given} == {"https://identity.elcorp.na"}
    # The gateway's own pages.
    assert {each["ELCORP_RESET_PAGE"] for each in given if "ELCORP_RESET_PAGE" in each} == {f"{public_url}/reset-password"}
    assert {each["ELCORP_UNDO_PAGE"] for each in given if "ELCORP_UNDO_PAGE" in each} == {f"{public_url}/undo-email-change"}
