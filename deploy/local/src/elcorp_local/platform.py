"""The whole platform on this machine: backing services, migrations, four services, the gateway."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from elcorp_local import databases, pids, secrets
from elcorp_local.backing import Backing, start_backing
from elcorp_local.failure import Failure
from elcorp_local.fronts import Fronts
from elcorp_local.locks import FolderLock
from elcorp_local.platform_processes import PlatformProcesses, name_of
from elcorp_local.port_numbers import SERVICES, Ports, require_free
from elcorp_local.supervisor import STOP_SECONDS_MAX, Say, Supervisor

READY_SECONDS_MAX = 180


class ForeignData(Failure):
    """The databases exist, but their secrets do not: their encrypted data could not be read."""


class MigrationFailed(Failure):
    """A service's schema could not be updated to head."""


def quiet(_line: str) -> None:
    """Say nothing."""


@dataclass
class Platform:
    """A running platform. Leaving the `with` block stops it; its data stays in its folder."""

    processes: PlatformProcesses
    backing: Backing
    supervisor: Supervisor
    secrets_are_new: bool
    _stop: ExitStack

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        ports: Ports | None = None,
        environment: Mapping[str, str] | None = None,
        say: Say = quiet,
        fast: bool = False,
        backing: Backing | None = None,
    ) -> Self:
        """Start everything and wait until it is ready.

        `environment` adds settings for every process; `fast` is for tests (no fsync); `backing` names running servers. Raises a
        Failure after stopping what had started.
        """
        ports = ports or Ports.free()
        with ExitStack() as undo:
            undo.callback(FolderLock(folder / "platform.lock").release)
            end_leftovers(folder)
            for name, port in ports.platform():
                require_free(name, port)
            # Only the migrations need a server immediately; the processes wait for the others themselves.
            backing = backing or start_backing(folder, ports=ports, say=say, fast=fast, wait_for=("postgres",))
            undo.callback(backing.stop)
            undo.callback(Fronts.start(ports.fronts()).stop)
            values, new = _secrets(folder / "secrets.env", backing.postgres_url)
            supervisor = Supervisor(say)
            undo.callback(supervisor.stop)
            processes = PlatformProcesses(folder, ports, backing, values, environment or {})
            _start_processes(processes, supervisor, say)
            return cls(processes, backing, supervisor, new, undo.pop_all())

    @property
    def url(self) -> str:
        return f"http://localhost:{self.processes.ports.gateway}"

    @property
    def admin_email(self) -> str:
        return self.processes.secrets["ELCORP_ADMIN_EMAIL"]

    @property
    def admin_password(self) -> str:
        return self.processes.secrets["ELCORP_ADMIN_PASSWORD"]

    def service_url(self, service: str) -> str:
        return self.processes.service_url(service)

    def database_url(self, service: str, role: str = "app") -> str:
        return self.processes.database_url(service, role)

    def has_given_up(self) -> bool:
        """Return whether a process died too often and is no longer restarted."""
        return self.supervisor.gave_up.is_set() or self.backing.gave_up.is_set()

    def kill(self, name: str) -> None:
        """End a process by SIGKILL, as a crash would; the supervisor starts it again."""
        os.kill(self.supervisor.processes[name].pid, signal.SIGKILL)

    def pause(self, name: str) -> None:
        """Pause a process with all its replicas: it stays connected and does not answer."""
        self._signal_all(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self._signal_all(name, signal.SIGCONT)

    def replicas(self, name: str) -> Sequence[str]:
        """Return the names of all replicas of a process; the first has the process' own name."""
        return [name_of(name, number) for number in self.processes.ports.numbers]

    def _signal_all(self, name: str, signalled: signal.Signals) -> None:
        for replica in self.replicas(name):
            os.kill(self.supervisor.processes[replica].pid, signalled)

    def stop(self) -> None:
        self._stop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def end_leftovers(folder: Path) -> None:
    """End the processes that a killed runner left."""
    left = list((folder / "run").glob("*.pid"))
    end = partial(pids.end_leftover, stop_signal=signal.SIGTERM, seconds_max=STOP_SECONDS_MAX)
    with ThreadPoolExecutor(max_workers=max(len(left), 1)) as pool:
        list(pool.map(end, left))


def _secrets(file: Path, postgres_url: str) -> tuple[Mapping[str, str], bool]:
    if not secrets.load(file) and databases.exist(postgres_url):
        raise ForeignData(f"the databases exist, but {file} with their secrets does not: restore it, or remove the databases")
    return secrets.load_or_create(file)


def _start_processes(processes: PlatformProcesses, supervisor: Supervisor, say: Say) -> None:
    databases.provide(processes.backing.postgres_url, processes.secrets)
    _timed(say, "migrated", lambda: _migrate(processes))
    first = processes.serving()
    supervisor.start(first)
    processes.backing.wait(say=say)
    names = [process.name for process in first]
    _timed(say, "services and gateway are ready", lambda: supervisor.wait_ready(names, seconds_max=READY_SECONDS_MAX))
    # Nothing waits for the housekeeping, so the start does not include it.
    supervisor.start(processes.housekeeping())
    supervisor.watch()
    processes.backing.watch(say)


def _migrate(processes: PlatformProcesses) -> None:
    """Do what `python -m <service> migrate` does, for all four in one process: most of its time is importing."""
    from alembic.util import CommandError  # noqa: PLC0415  # slow to import, and only a start migrates
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from chassis.persistence import migrations  # noqa: PLC0415
    from chassis.run.folders import migrations_of  # noqa: PLC0415

    for service in SERVICES:
        try:
            migrations.upgrade(processes.database_url(service, "owner"), migrations_of(service), say=quiet)
        except (CommandError, SQLAlchemyError) as error:
            raise MigrationFailed(f"the migration of {service} failed: {error}") from error


def _timed(say: Say, what: str, work: Callable[[], None]) -> None:
    started = time.monotonic()
    work()
    say(f"{what} ({time.monotonic() - started:.1f} s)")
