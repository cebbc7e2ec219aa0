"""The command `dead-letters`: shows messages that could not be handled, in the broker and the database, and decides on them."""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from chassis.messaging import dead_letters, parked_letters
from chassis.messaging.connection import BROKER_ERRORS, address
from chassis.messaging.dead_letters import DeadLetter, DeadLetters, dead_letters_of, specs_of
from chassis.messaging.parked_letters import ParkedLetter, ParkedLetters, parked_letters_of

_USAGE_ERROR: Final = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """The messages that the command line selects."""

    queue: str | None
    limit: int
    message_id: str | None
    aggregate: str | None


async def run_command(rabbitmq_url: str, database_url: str, service: str, arguments: argparse.Namespace) -> int:
    """Run `dead-letters list|show|redrive|discard|release [--queue] [--limit] [--id] [--aggregate]`; return the exit code."""
    queue = arguments.queue and arguments.queue.removesuffix(".dead")
    queues = sorted({spec.queue(service) for spec in specs_of(service)})
    if queue and queue not in queues:
        return _refuse(f"no queue {arguments.queue}; the service has {', '.join(queues)}")
    if arguments.action == "discard" and not (arguments.id or queue):
        return _refuse("discard needs --id, or --queue for a whole queue of dead letters, because it cannot be undone")
    selection = Selection(queue, arguments.limit, arguments.id, arguments.aggregate)
    try:
        await _ACTIONS[arguments.action](Letters(rabbitmq_url, database_url, service), selection)
    except BROKER_ERRORS as error:
        sys.stderr.write(f"RabbitMQ at {address(rabbitmq_url)}: {type(error).__name__}: {error}\n")
        return 1
    except SQLAlchemyError as error:
        url = make_url(database_url)
        first_line = next(iter(str(error).splitlines()), "")
        sys.stderr.write(f"PostgreSQL at {url.host}:{url.port or 5432}/{url.database}: {first_line}\n")
        return 1
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return _USAGE_ERROR


class Letters:
    """Both kinds of messages that could not be handled. Each action connects only to what it reads."""

    def __init__(self, rabbitmq_url: str, database_url: str, service: str) -> None:
        self._rabbitmq_url = rabbitmq_url
        self._database_url = database_url
        self._service = service

    async def list(self, selection: Selection) -> None:
        if not selection.aggregate:
            async with dead_letters_of(self._rabbitmq_url, self._service) as dead:
                rows = [letter.row async for letter in _find(dead, selection)]
            _write_table([dead_letters.COLUMNS, *rows] if rows else [("no dead letters",)])
        async with self._parked() as parked:
            rows = [letter.row for letter in await _find_parked(parked, selection)]
        _write_table([parked_letters.COLUMNS, *rows] if rows else [("no parked aggregates",)])

    async def show(self, selection: Selection) -> None:
        if not selection.aggregate:
            async with dead_letters_of(self._rabbitmq_url, self._service) as dead:
                async for letter in _find(dead, selection):
                    _write_whole(dead.describe(letter))
        async with self._parked() as parked:
            for each in await _find_parked(parked, selection):
                _write_whole(parked.describe(each))

    async def redrive(self, selection: Selection) -> None:
        async with dead_letters_of(self._rabbitmq_url, self._service) as dead:
            number = await _with_each(dead.redrive, _find(dead, selection), "redriven")
        sys.stdout.write(f"{number} redriven\n")

    async def discard(self, selection: Selection) -> None:
        async with dead_letters_of(self._rabbitmq_url, self._service) as dead:
            number = await _with_each(dead.discard, _find(dead, selection), "discarded")
        if selection.message_id:
            async with self._parked() as parked:
                for letter in await _find_parked(parked, selection):
                    if await parked.discard(letter):
                        number += 1
                        sys.stdout.write(f"discarded {letter.message.message_id} of {letter.aggregate} in {letter.queue}\n")
        sys.stdout.write(f"{number} discarded\n")

    async def release(self, selection: Selection) -> None:
        async with self._parked() as parked:
            released = await parked.release(queue=selection.queue, aggregate=selection.aggregate)
        for queue, aggregate in released:
            sys.stdout.write(f"released {aggregate} in {queue}\n")
        sys.stdout.write(f"{len(released)} released\n")

    def _parked(self) -> AbstractAsyncContextManager[ParkedLetters]:
        return parked_letters_of(self._database_url, {spec.type: spec.message_class for spec in specs_of(self._service)})


_ACTIONS: Final[dict[str, Callable[[Letters, Selection], Awaitable[None]]]] = {
    "list": Letters.list,
    "show": Letters.show,
    "redrive": Letters.redrive,
    "discard": Letters.discard,
    "release": Letters.release,
}


def _find(dead: DeadLetters, selection: Selection) -> AsyncIterator[DeadLetter]:
    return dead.find(queue=selection.queue, limit=selection.limit, message_id=selection.message_id)


async def _find_parked(parked: ParkedLetters, selection: Selection) -> Sequence[ParkedLetter]:
    return await parked.find(
        queue=selection.queue, limit=selection.limit, message_id=selection.message_id, aggregate=selection.aggregate
    )


async def _with_each(act: Callable[[DeadLetter], Awaitable[None]], found: AsyncIterator[DeadLetter], done: str) -> int:
    number = 0
    async for letter in found:
        await act(letter)
        number += 1
        sys.stdout.write(f"{done} {letter.message.message_id} {letter.message.type} in {letter.queue}\n")
    return number


def _write_whole(described: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(described, indent=2, default=str) + "\n")


def _write_table(rows: Iterable[Sequence[str]]) -> None:
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
