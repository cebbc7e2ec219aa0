"""`python -m <service> serve|work|migrate|jobs|dead-letters|checkpoints`."""

import argparse
import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn

from chassis.checkpoints import SIGNER
from chassis.output import survive_closed_pipes
from chassis.run.load_settings import load_settings
from chassis.run.process import run_command, run_process
from chassis.run.service import Command, Service

ROLES = {
    "serve": "serve REST and gRPC",
    "work": "relay the outbox and consume events",
    "migrate": "upgrade the database schema to head, as its owner role",
    "jobs": "run background and periodic jobs",
}
# The settings that each role cannot work without.
NEEDS = {
    "serve": ("database_url", "rabbitmq_url", "redis_url"),
    "work": ("database_url", "database_relay_url", "rabbitmq_url"),
    "migrate": ("database_owner_url",),
    "jobs": ("database_url",),
}

_DEAD_LETTERS = """\
A message without an aggregate that cannot be handled is a dead letter. A message with one parks its aggregate: it waits in the
database with all later messages of the aggregate, in order. `redrive` puts dead letters back into their queue. `release` makes
the next attempt of parked aggregates due at once: of one (--aggregate), of a queue (--queue), or of all. `discard --id` deletes a
dead letter, or the first message of a parked aggregate, and then releases the rest.
"""


def main(service: Service[Any], arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the process or command of the command line, and exit with its code."""
    survive_closed_pipes()
    commands: dict[str, Command[Any]] = {"dead-letters": _dead_letters(service), **_checkpoints(service), **service.commands}
    parsed = _parser(service, commands).parse_args(arguments)
    name = f"{service.name}-{parsed.command}"
    command = commands.get(parsed.command)
    needs = command.needs if command else (*NEEDS[parsed.command], *service.needs.get(parsed.command, ()))
    settings = load_settings(service.settings, process=name, needs=needs)
    if command:
        run_command(name, settings, lambda: _run(command, service, settings, parsed))
    run_process(name, settings, _role(parsed.command, service, settings))


def _parser(service: Service[Any], commands: dict[str, Command[Any]]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {service.name}",
        description=f"The {service.name} service. Settings come from the environment (ELCORP_…).",
    )
    choices = parser.add_subparsers(dest="command", required=True)
    for name, help_text in ROLES.items():
        choices.add_parser(name, help=help_text, description=help_text)
    for name, command in commands.items():
        command.configure(choices.add_parser(name, help=command.help, description=command.help))
    return parser


async def _run(command: Command[Any], service: Service[Any], settings: Any, arguments: argparse.Namespace) -> int:
    if "master_key" in command.needs:
        from chassis.persistence.database import Database  # noqa: PLC0415  # as below

        # A command with another key would store what no process could open.
        database = Database.of(settings, pool_size=1)
        try:
            await service.check(settings, database)
        finally:
            await database.close()
    return await command.run(settings, arguments)


def _role(role: str, service: Service[Any], settings: Any) -> Callable[[asyncio.Event], Awaitable[bool]]:
    # Off until `settle`: objects made at start-up stay alive, and scanning them takes a tenth of the start-up time.
    gc.disable()
    # Import each role's module only for that role: a worker does not need FastAPI, nor `serve` the job runner.
    if role == "serve":
        from chassis.run.serve import serve as body  # noqa: PLC0415
    elif role == "work":
        from chassis.run.work import work as body  # noqa: PLC0415
    elif role == "jobs":
        from chassis.run.work import jobs as body  # noqa: PLC0415
    else:
        from chassis.run.migrate import migrate as body  # noqa: PLC0415
    return lambda stop: body(service, settings, stop)


def _checkpoints(service: Service[Any]) -> dict[str, Command[Any]]:
    if service.name == SIGNER:
        return {}

    async def run(settings: Any, arguments: argparse.Namespace) -> int:
        from chassis.checkpoints import command  # noqa: PLC0415  # as above

        return await command.run(settings, arguments)

    def configure(parser: argparse.ArgumentParser) -> None:
        from chassis.checkpoints import command  # noqa: PLC0415  # as above

        command.add_arguments(parser)

    return {"checkpoints": Command("print the kept checkpoints of the audit log, for fsck of compliance", run, configure)}


def _dead_letters(service: Service[Any]) -> Command[Any]:
    async def run(settings: Any, arguments: argparse.Namespace) -> int:
        from chassis.messaging import dead_letters_command  # noqa: PLC0415  # as above

        rabbitmq_url, database_url = settings.rabbitmq_url.get_secret_value(), settings.database_url.get_secret_value()
        return await dead_letters_command.run_command(rabbitmq_url, database_url, service.name, arguments)

    def configure(parser: argparse.ArgumentParser) -> None:
        parser.description = _DEAD_LETTERS
        parser.add_argument("action", choices=("list", "show", "redrive", "discard", "release"))
        parser.add_argument("--queue", help="one queue, or its dead-letter queue (default: all of this service)")
        parser.add_argument("--limit", type=int, default=100, help="the maximum number of messages (default 100)")
        parser.add_argument("--id", help="only the message with this id")
        parser.add_argument("--aggregate", help="only this parked aggregate")

    summary = "list, show, redrive or discard dead letters, and release parked aggregates"
    return Command(summary, run, configure, needs=("rabbitmq_url", "database_url"))
