"""The processes of the platform, and the environment of each."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from elcorp_local import databases
from elcorp_local.backing import Backing
from elcorp_local.port_numbers import REPLICAS_MAX, SERVICES, Ports
from elcorp_local.supervisor import Managed

# The processes of a service; each has an operations port of the same name.
_ROLES = ("serve", "work", "jobs")
# The secrets that every process gets, though only some need them.
_SECRETS = ("ELCORP_MASTER_KEY", "ELCORP_APPROVAL_KEY", "ELCORP_REPORT_KEY", "ELCORP_ADMIN_EMAIL", "ELCORP_ADMIN_PASSWORD")
# The gateway stops first, then the services, and the relay last, because it publishes the events of the others.
_STOP_ORDER = {"gateway": 0, "serve": 1, "jobs": 1, "work": 2}


def name_of(process: str, number: int) -> str:
    """Return the name of a replica: the first has the process' own, such as `payments-work`, the second `payments-work-2`."""
    return f"{process}-{number}" if number > 1 else process


def ready_urls(ports: Ports) -> dict[str, str]:
    """Return the readiness URL of each process, by its name."""
    gateways = {name_of("gateway", number): _ready_url(ports.at("gateway_ops", number)) for number in ports.numbers}
    return gateways | {
        name_of(f"{service}-{role}", number): _ready_url(ports.of(role, service, number))
        for role in _ROLES
        for service in SERVICES
        for number in ports.numbers
    }


def replicas_of(folder: Path) -> int:
    """Return how many of each process the platform in a folder has."""
    found = [number for number in range(2, REPLICAS_MAX + 1) if (folder / "run" / f"{name_of('gateway', number)}.pid").exists()]
    return max(found, default=1)


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
        numbers = self.ports.numbers
        services = [self._of(service, role, number) for service in SERVICES for role in ("serve", "work") for number in numbers]
        return [*services, *(self._gateway(number) for number in numbers)]

    def housekeeping(self) -> list[Managed]:
        """List the processes that nothing waits for."""
        return [self._of(service, "jobs", number) for service in SERVICES for number in self.ports.numbers]

    def service_url(self, service: str) -> str:
        """Return the REST URL of a service, behind which all its replicas are."""
        return f"http://127.0.0.1:{self.ports.of('rest', service)}"

    def database_url(self, service: str, role: str) -> str:
        return databases.url(self.backing.postgres_url, service, role, self.secrets)

    def _of(self, service: str, role: str, number: int) -> Managed:
        return Managed(
            name=name_of(f"{service}-{role}", number),
            command=[sys.executable, "-m", service, role],
            environment=dict(self._environment(service, role, number)),
            folder=self.folder,
            ready_url=_ready_url(self.ports.of(role, service, number)),
            stop_order=_STOP_ORDER[role],
        )

    def _gateway(self, number: int) -> Managed:
        urls = {f"ELCORP_{service.upper()}_URL": self.service_url(service) for service in SERVICES}
        ops_port = self.ports.at("gateway_ops", number)
        ports = {"ELCORP_GATEWAY_PORT": str(self.ports.at("gateway", number)), "ELCORP_OPS_PORT": str(ops_port)}
        return Managed(
            name=name_of("gateway", number),
            command=[sys.executable, "-m", "gateway", "serve"],
            environment={**self._shared(), **urls, **ports, **self.extra},
            folder=self.folder,
            ready_url=_ready_url(ops_port),
            stop_order=_STOP_ORDER["gateway"],
        )

    def _environment(self, service: str, role: str, number: int) -> Iterator[tuple[str, str]]:
        yield from self._shared().items()
        for peer in SERVICES:
            yield f"ELCORP_{peer.upper()}_TARGET", self._target(peer)
        yield "ELCORP_DATABASE_URL", self.database_url(service, "app")
        if role == "work":
            yield "ELCORP_DATABASE_RELAY_URL", self.database_url(service, "relay")
        yield "ELCORP_OBJECTS_URL", (self.folder / "objects").resolve().as_uri()
        yield "ELCORP_REST_PORT", str(self.ports.of("rest", service, number))
        yield "ELCORP_GRPC_PORT", str(self.ports.of("grpc", service, number))
        yield "ELCORP_OPS_PORT", str(self.ports.of(role, service, number))
        yield "ELCORP_RESET_PAGE", f"http://localhost:{self.ports.gateway}/reset-password"
        yield "ELCORP_UNDO_PAGE", f"http://localhost:{self.ports.gateway}/undo-email-change"
        for name in _SECRETS:
            yield name, self.secrets[name]
        yield from self.extra.items()

    def _target(self, peer: str) -> str:
        addresses = [f"127.0.0.1:{self.ports.of('grpc', peer, number)}" for number in self.ports.numbers]
        # Clients call all addresses in turn, as they do with those of a name in a cluster.
        return f"ipv4:{','.join(addresses)}" if len(addresses) > 1 else f"dns:///{addresses[0]}"

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
