"""The whole platform on this machine: backing services, migrations, four services, the gateway."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from elcorp_local import databases, secrets
from elcorp_local.backing import Backing, start_backing
from elcorp_local.ports import SERVICES, Ports, require_free
from elcorp_local.supervisor import Managed, Say, Supervisor

READY_SECONDS_MAX = 90


def quiet(_line: str) -> None:
    """Say nothing."""


@dataclass
class Platform:
    """A running platform. Ending the `with` block stops it; what it stored stays in its folder."""

    folder: Path
    ports: Ports
    backing: Backing
    supervisor: Supervisor
    secrets: Mapping[str, str]
    secrets_are_new: bool

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        ports: Ports | None = None,
        environment: Mapping[str, str] | None = None,
        say: Say = quiet,
        fast: bool = False,
    ) -> Self:
        """Start everything and wait until it is ready.

        `environment` adds settings for every process; `fast` is for tests (no fsync). Raises PortTaken, ServerFailed or
        ProcessDied, having stopped what had started.
        """
        ports = ports or Ports.free()
        for name, port in ports.platform():
            require_free(name, port)
        # Only the migrations need a server at once; the processes wait for the others themselves.
        backing = start_backing(folder, ports=ports, say=say, fast=fast, wait_for=("postgres",))
        supervisor = Supervisor(say)
        try:
            values, new = secrets.load_or_create(folder / "secrets.env")
            platform = cls(folder, ports, backing, supervisor, values, new)
            platform._start_processes(environment or {}, say)
        except BaseException:
            supervisor.stop()
            backing.stop()
            raise
        return platform

    @property
    def url(self) -> str:
        return f"http://localhost:{self.ports.gateway}"

    @property
    def admin_email(self) -> str:
        return self.secrets["ELCORP_ADMIN_EMAIL"]

    @property
    def admin_password(self) -> str:
        return self.secrets["ELCORP_ADMIN_PASSWORD"]

    def service_url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports.of('rest', service)}"

    def database_url(self, service: str, role: str = "app") -> str:
        return databases.url(self.backing.postgres_url, service, role, self.secrets)

    def kill(self, name: str) -> None:
        """End a process by SIGKILL, as a crash would; the supervisor starts it again."""
        os.kill(self.supervisor.processes[name].pid, signal.SIGKILL)

    def pause(self, name: str) -> None:
        os.kill(self.supervisor.processes[name].pid, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        os.kill(self.supervisor.processes[name].pid, signal.SIGCONT)

    def stop(self) -> None:
        self.supervisor.stop()
        self.backing.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start_processes(self, extra: Mapping[str, str], say: Say) -> None:
        databases.provide(self.backing.postgres_url, self.secrets)
        _timed(say, "migrated", self._migrate)
        first = [self._managed(service, role, extra) for service in SERVICES for role in ("serve", "work")]
        self.supervisor.start([*first, self._gateway(extra)])
        self.backing.wait(say=say)
        names = [process.name for process in first]
        _timed(say, "services and gateway are ready", lambda: self._wait([*names, "gateway"]))
        # Nothing waits for the housekeeping, so it does not take part in the start.
        self.supervisor.start([self._managed(service, "jobs", extra) for service in SERVICES])
        self.supervisor.watch()

    def _wait(self, names: list[str]) -> None:
        self.supervisor.wait_ready(names, seconds_max=READY_SECONDS_MAX)

    def _migrate(self) -> None:
        """Do what `python -m <service> migrate` does, for all four in one process: most of its time is importing."""
        from chassis import migrations  # noqa: PLC0415  # not before the packages are known to be there
        from chassis.run.folders import migrations_of  # noqa: PLC0415

        for service in SERVICES:
            migrations.upgrade(self.database_url(service, "owner"), migrations_of(service), say=quiet)

    def _managed(self, service: str, role: str, extra: Mapping[str, str]) -> Managed:
        kind = {"serve": "rest", "work": "work", "jobs": "jobs"}[role]
        environment = {**self._environment(service, extra), "ELCORP_OPS_PORT": str(self.ports.of(kind, service))}
        return Managed(
            name=f"{service}-{role}",
            command=[sys.executable, "-m", service, role],
            environment=environment,
            log=self.folder / "logs" / f"{service}-{role}.log",
            ready_url=f"http://127.0.0.1:{self.ports.of(kind, service)}/readyz",
        )

    def _gateway(self, extra: Mapping[str, str]) -> Managed:
        urls = {f"ELCORP_{service.upper()}_URL": self.service_url(service) for service in SERVICES}
        return Managed(
            name="gateway",
            command=[sys.executable, "-m", "gateway", "serve"],
            environment={**self._shared(), **urls, "ELCORP_GATEWAY_PORT": str(self.ports.gateway), **extra},
            log=self.folder / "logs" / "gateway.log",
            ready_url=f"http://127.0.0.1:{self.ports.gateway}/readyz",
        )

    def _environment(self, service: str, extra: Mapping[str, str]) -> dict[str, str]:
        targets = {f"ELCORP_{peer.upper()}_TARGET": f"dns:///127.0.0.1:{self.ports.of('grpc', peer)}" for peer in SERVICES}
        return {
            **self._shared(),
            **targets,
            "ELCORP_DATABASE_URL": self.database_url(service, "app"),
            "ELCORP_DATABASE_OWNER_URL": self.database_url(service, "owner"),
            "ELCORP_REST_PORT": str(self.ports.of("rest", service)),
            "ELCORP_GRPC_PORT": str(self.ports.of("grpc", service)),
            "ELCORP_MASTER_KEY": self.secrets["ELCORP_MASTER_KEY"],
            "ELCORP_ADMIN_EMAIL": self.admin_email,
            "ELCORP_ADMIN_PASSWORD": self.admin_password,
            **extra,
        }

    def _shared(self) -> dict[str, str]:
        return {
            "ELCORP_RABBITMQ_URL": self.backing.rabbitmq_url,
            "ELCORP_REDIS_URL": self.backing.redis_url,
            "ELCORP_JWKS_URL": f"{self.service_url('identity')}/.well-known/jwks.json",
            "PYTHONUNBUFFERED": "1",
        }


def _timed(say: Say, what: str, work: Callable[[], None]) -> None:
    started = time.monotonic()
    work()
    say(f"{what} ({time.monotonic() - started:.1f} s)")
