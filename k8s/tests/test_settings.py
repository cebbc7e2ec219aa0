"""Every process accepts its pod's settings; a stricter rule in the code fails here, not at a rollout."""

import pytest

from k8s.tests.rendering import OVERLAYS, container_of, name, ours, render
from k8s.tests.settings import settings_of


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_accepts_its_settings(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)

    for workload in ours(documents):
        settings = settings_of(workload, documents, monkeypatch)

        assert settings.environment == overlay
        ports = {port["name"]: port["containerPort"] for port in container_of(workload).get("ports", [])}
        own = {"http": "gateway_port", "ops": "ops_port"} if name(workload) == "gateway" else {}
        fields = {"http": "rest_port", "grpc": "grpc_port", "ops": "ops_port", "grpc-health": "grpc_health_port", **own}
        assert {port: getattr(settings, fields[port]) for port in ports} == ports
