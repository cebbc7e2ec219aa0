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

    from chassis.rpc import RpcService

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

# Runs until the event is set, then finishes what it has in hand. One that ends earlier has failed.
Background = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Serving:
    """The parts of a `serve` process."""

    rest: "FastAPI"
    rpc: "Sequence[RpcService]"
    readiness: Readiness
    background: Sequence[Background] = ()


@dataclass(frozen=True, slots=True)
class Working:
    """The parts of a `work` process: the relay, consumers and listeners."""

    background: Sequence[Background]
    readiness: Readiness


def _takes_nothing(_parser: argparse.ArgumentParser) -> None:
    """Leave a command without arguments of its own."""


@dataclass(frozen=True, slots=True)
class Command(Generic[SettingsT]):
    """A command of a service's own: `run(settings, arguments)` gives the exit code."""

    help: str
    run: Callable[[SettingsT, argparse.Namespace], Awaitable[int]]
    configure: Callable[[argparse.ArgumentParser], None] = _takes_nothing


def _default_jobs(settings: ServiceSettings) -> "procrastinate.App":
    from chassis.jobs import make_jobs  # noqa: PLC0415  # 20 MB that only the `jobs` process has need of

    return make_jobs(settings)


@dataclass(frozen=True, slots=True)
class Service(Generic[SettingsT]):
    """One service.

    `serving` and `working` give async context managers that open pools and close them; they import what only they need
    within themselves, so that a worker never loads the web framework. `migrations` is the folder of revisions.
    `jobs` are the platform's own unless given, and `job_peers` the peers that they call: a `jobs` process that cannot reach
    one of them is not ready. `commands` are the service's own, beside serve, work, migrate, jobs and
    dead-letters.
    """

    name: str
    settings: type[SettingsT]
    serving: Callable[[SettingsT], AbstractAsyncContextManager[Serving]]
    working: Callable[[SettingsT], AbstractAsyncContextManager[Working]]
    migrations: Path
    jobs: "Callable[[SettingsT], procrastinate.App]" = _default_jobs
    job_peers: Sequence[str] = ()
    commands: Mapping[str, Command[SettingsT]] = field(default_factory=dict)
