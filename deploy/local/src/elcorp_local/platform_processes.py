"""The processes of the platform, and the environment of each."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from elcorp_local import databases
from elcorp_local.backing import Backing
from elcorp_local.port_numbers import SERVICES, Ports
from elcorp_local.supervisor import Managed

# The processes of a service; each has an operations port of the same name.
_ROLES = ("serve", "work", "jobs")
# The gateway stops first, then the services, and the relay last, because it publishes the events of the others.
_STOP_ORDER = {"gateway": 0, "serve": 1, "jobs": 1, "work": 2}


def ready_urls(ports: Ports) -> dict[str, str]:
    """Return the readiness URL of each process, by its name."""
    urls = {f"{service}-{role}": _ready_url(ports.of(role, service)) for role in _ROLES for service in SERVICES}
    return {"gateway": _ready_url(ports.gateway_ops), **urls}


@dataclass(frozen=True, slots=True)
class PlatformProcesses:
    """Makes the processes from the ports, the servers and the secrets; every process gets the `extra` settings."""

    folder: Path
    ports: Ports
    backing: Backing
    secrets: Mapping[str, str]
    extra: Mapping[str, str]

    def serving(self) -> list[Managed]:
        """List the processes that the platform needs to answer and to pass on events."""
        return [*(self._of(service, role) for service in SERVICES for role in ("serve", "work")), self._gateway()]

    def housekeeping(self) -> list[Managed]:
        """List the processes that nothing waits for."""
        return [self._of(service, "jobs") for service in SERVICES]

    def service_url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports.of('rest', service)}"

    def database_url(self, service: str, role: str) -> str:
        return databases.url(self.backing.postgres_url, service, role, self.secrets)

    def _of(self, service: str, role: str) -> Managed:
        port = self.ports.of(role, service)
        return Managed(
            name=f"{service}-{role}",
            command=[sys.executable, "-m", service, role],
            environment=dict(self._environment(service, role, port)),
            folder=self.folder,
            ready_url=_ready_url(port),
            stop_order=_STOP_ORDER[role],
        )

    def _gateway(self) -> Managed:
        urls = {f"ELCORP_{service.upper()}_URL": self.service_url(service) for service in SERVICES}
        ports = {"ELCORP_GATEWAY_PORT": str(self.ports.gateway), "ELCORP_OPS_PORT": str(self.ports.gateway_ops)}
        return Managed(
            name="gateway",
            command=[sys.executable, "-m", "gateway", "serve"],
            environment={**self._shared(), **urls, **ports, **self.extra},
            folder=self.folder,
            ready_url=_ready_url(self.ports.gateway_ops),
            stop_order=_STOP_ORDER["gateway"],
        )

    def _environment(self, service: str, role: str, ops_port: int) -> Iterator[tuple[str, str]]:
        yield from self._shared().items()
        for peer in SERVICES:
            yield f"ELCORP_{peer.upper()}_TARGET", f"dns:///127.0.0.1:{self.ports.of('grpc', peer)}"
        yield "ELCORP_DATABASE_URL", self.database_url(service, "app")
        if role == "work":
            yield "ELCORP_DATABASE_RELAY_URL", self.database_url(service, "relay")
        yield "ELCORP_REST_PORT", str(self.ports.of("rest", service))
        yield "ELCORP_GRPC_PORT", str(self.ports.of("grpc", service))
        yield "ELCORP_OPS_PORT", str(ops_port)
        yield "ELCORP_RESET_PAGE", f"http://localhost:{self.ports.gateway}/reset-password"
        yield "ELCORP_UNDO_PAGE", f"http://localhost:{self.ports.gateway}/undo-email-change"
        for name in ("ELCORP_MASTER_KEY", "ELCORP_ADMIN_EMAIL", "ELCORP_ADMIN_PASSWORD"):
            yield name, self.secrets[name]
        yield from self.extra.items()

    def _shared(self) -> dict[str, str]:
        return {
            "ELCORP_ENVIRONMENT": "local",
            "ELCORP_RABBITMQ_URL": self.backing.rabbitmq_url,
            "ELCORP_REDIS_URL": self.backing.redis_url,
            "ELCORP_PUBLIC_URL": f"http://localhost:{self.ports.gateway}",
            "ELCORP_JWKS_URL": f"{self.service_url('identity')}/.well-known/jwks.json",
            "PYTHONUNBUFFERED": "1",
            # If a dozen processes compiled every module at each start, they would take twice as long to be ready.
            "PYTHONDONTWRITEBYTECODE": "",
        }


def _ready_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/readyz"
