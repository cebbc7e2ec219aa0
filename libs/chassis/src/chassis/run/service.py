"""The processes and commands of a service, which it passes to `main`."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from chassis.health import Readiness
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    import procrastinate
    from fastapi import FastAPI

    from chassis.persistence.database import Database
    from chassis.rpc import RpcService

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

# Runs until the event is set, then finishes its work. It has failed if it ends earlier.
Background = Callable[[asyncio.Event], Awaitable[None]]


def _no_streams() -> None:
    """End nothing: the service streams no events."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The parts of a `serve` process. `end_streams` is called when it begins to drain."""

    rest: "FastAPI"
    rpc: "Sequence[RpcService]"
    readiness: Readiness
    background: Sequence[Background] = ()
    end_streams: Callable[[], None] = _no_streams


@dataclass(frozen=True, slots=True)
class Working:
    """The parts of a `work` process: the relay, consumers and listeners.

    In `database`, the process keeps the audit log's checkpoints that it receives.
    """

    background: Sequence[Background]
    readiness: Readiness
    database: "Database"


# What a command needs that opens or seals stored values.
KEYED = ("database_url", "master_key")


def _takes_nothing(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments to a command."""


@dataclass(frozen=True, slots=True)
class Command(Generic[SettingsT]):
    """A service's own command: `run(settings, arguments)` returns the exit code. `needs` are settings that must be set."""

    help: str
    run: Callable[[SettingsT, argparse.Namespace], Awaitable[int]]
    configure: Callable[[argparse.ArgumentParser], None] = _takes_nothing
    needs: Sequence[str] = ("database_url",)


async def _accepts_all(_settings: ServiceSettings, _database: "Database") -> None:
    """Check nothing: most services store nothing that depends on a setting."""


def _default_jobs(settings: ServiceSettings) -> "procrastinate.App":
    from chassis.jobs import make_jobs  # noqa: PLC0415  # 20 MB that only the `jobs` process has need of

    return make_jobs(settings)


@dataclass(frozen=True, slots=True)
class Service(Generic[SettingsT]):
    """One service.

    `serving` and `working` return async context managers that open and close pools. They import their own dependencies inside
    the function, so that a worker never loads the web framework. `migrations` is the folder of revisions. `jobs` defaults to the
    platform's jobs. `job_peers` are the peers that jobs call: a `jobs` process that cannot reach one of them is not ready.
    `needs` are the settings that a role needs besides those of every service, such as {"serve": ("master_key",)}. `check`
    compares settings with the database at the start, and raises SettingRefused.
    `commands` are the service's own, in addition to serve, work, migrate, jobs, dead-letters and checkpoints.
    """

    name: str
    settings: type[SettingsT]
    serving: Callable[[SettingsT], AbstractAsyncContextManager[Serving]]
    working: Callable[[SettingsT], AbstractAsyncContextManager[Working]]
    migrations: Path
    jobs: "Callable[[SettingsT], procrastinate.App]" = _default_jobs
    job_peers: Sequence[str] = ()
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    check: "Callable[[SettingsT, Database], Awaitable[None]]" = _accepts_all
    commands: Mapping[str, Command[SettingsT]] = field(default_factory=dict)
