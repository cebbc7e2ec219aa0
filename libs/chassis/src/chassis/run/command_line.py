"""`python -m <service> serve|work|migrate|jobs|dead-letters`."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn

from pydantic import ValidationError

from chassis.run.service import Service, SettingsT

ROLES = {
    "serve": "answer REST and gRPC",
    "work": "relay the outbox and consume events",
    "migrate": "bring the database schema to head, as its owner role",
    "jobs": "run background and periodic jobs",
    "dead-letters": "list, show, redrive or discard dead letters",
}


@dataclass(frozen=True, slots=True)
class Command(Generic[SettingsT]):
    """A command of a service's own: `run(settings, arguments)` gives the exit code."""

    help: str
    run: Callable[[SettingsT, argparse.Namespace], Awaitable[int]]
    configure: Callable[[argparse.ArgumentParser], None] = lambda parser: None  # noqa: ARG005


def main(service: Service[Any], arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the process or command that the command line names, and exit with its code."""
    raise NotImplementedError(service, arguments, sys, ValidationError)
