"""Dead letters: list, show, redrive or discard them."""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from google.protobuf.json_format import MessageToDict

from chassis.messaging.catalogue import all_specs
from chassis.messaging.connection import BROKER_ERRORS, RPC_TIMEOUT_SECONDS, address, open_session, underlay_of
from chassis.messaging.contracts import TIME, EventSpec
from chassis.messaging.publisher import publish
from chassis.messaging.topology import dead_queue_of, declare_subscriptions
from chassis.messaging.wire import ATTEMPT, FAULTS, Undecodable, amqp_properties, count, decode

LIMIT = 100
COLUMNS = ("queue", "id", "type", "happened at", "because", "attempts")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was rejected or failed too often; `queue` is the queue it was in."""

    queue: str
    message: AbstractIncomingMessage

    @property
    def row(self) -> tuple[str, ...]:
        """Return its row in a table of COLUMNS."""
        message = self.message
        return (
            self.queue,
            message.message_id or "",
            message.type or "",
            str(message.headers.get(TIME, "")),
            _reason(message, self.queue),
            str(count(message, ATTEMPT) + 1),
        )


class DeadLetters:
    """The dead letters of one service, on their own channel. Messages that are not acknowledged stay in their queue."""

    def __init__(self, channel: AbstractChannel, service: str, specs: Sequence[EventSpec]) -> None:
        self._channel = channel
        self._classes = {spec.type: spec.message_class for spec in specs}
        self._queues = sorted({spec.queue(service) for spec in specs})

    async def find(self, *, queue: str | None, limit: int, message_id: str | None) -> AsyncIterator[DeadLetter]:
        """Yield at most `limit` matching dead letters; raises LookupError for a queue that is not the service's."""
        if queue and queue.removesuffix(".dead") not in self._queues:
            raise LookupError(f"no queue {queue}; the service has {', '.join(self._queues)}")
        names = [queue.removesuffix(".dead")] if queue else self._queues
        found = 0
        for name in names:
            async for message in _each(self._channel, dead_queue_of(name)):
                if found == limit:
                    return
                if message_id in {None, message.message_id}:
                    found += 1
                    yield DeadLetter(name, message)

    async def redrive(self, letter: DeadLetter) -> None:
        """Put the message at the end of its queue with all attempts left; the copy is confirmed before the message is removed."""
        message = letter.message
        kept = {k: v for k, v in message.headers.items() if not k.startswith("x-") and k not in {ATTEMPT, FAULTS}}
        await publish(
            await underlay_of(self._channel),
            message.body,
            exchange="",
            routing_key=letter.queue,
            properties=amqp_properties(
                message_id=message.message_id or "",
                event_type=message.type or "",
                producer=message.app_id or "",
                headers=kept,
            ),
        )
        await message.ack()

    async def discard(self, letter: DeadLetter) -> None:
        await letter.message.ack()

    def describe(self, letter: DeadLetter) -> dict[str, Any]:
        """Return all properties; the payload is decoded if its contract is known."""
        message = letter.message
        try:
            payload: Any = MessageToDict(decode(message, self._classes).message)
        except Undecodable as error:
            payload = {"undecodable": str(error), "hex": message.body.hex()}
        described = dict(zip(COLUMNS, letter.row, strict=True))
        return {**described, "headers": dict(message.headers), "payload": payload}


@asynccontextmanager
async def dead_letters_of(rabbitmq_url: str, service: str) -> AsyncIterator[DeadLetters]:
    """Open the dead letters of a service; unacknowledged messages return to their queue at the block's end."""
    specs = [spec for spec in all_specs() if service in spec.consumers]
    async with open_session(rabbitmq_url, name=f"{service} dead letters") as session:
        channel = await session.channel()
        await declare_subscriptions(channel, service, specs)
        yield DeadLetters(channel, service, specs)


async def run_command(rabbitmq_url: str, service: str, arguments: argparse.Namespace) -> int:
    """Run `dead-letters list|show|redrive|discard [--queue] [--limit] [--id]`; return the exit code."""
    if arguments.action == "discard" and not (arguments.id or arguments.queue):
        sys.stderr.write("discard needs --id, or --queue for a whole queue, because it cannot be undone\n")
        return 2
    try:
        async with dead_letters_of(rabbitmq_url, service) as letters:
            found = letters.find(queue=arguments.queue, limit=arguments.limit, message_id=arguments.id)
            await _ACTIONS[arguments.action](letters, found)
    except LookupError as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 2
    except BROKER_ERRORS as error:
        sys.stderr.write(f"RabbitMQ at {address(rabbitmq_url)}: {type(error).__name__}: {error}\n")
        return 1
    return 0


async def _print_table(_letters: DeadLetters, found: AsyncIterator[DeadLetter]) -> None:
    rows = [letter.row async for letter in found]
    _write_table([COLUMNS, *rows] if rows else [("no dead letters",)])


async def _print_whole(letters: DeadLetters, found: AsyncIterator[DeadLetter]) -> None:
    async for letter in found:
        sys.stdout.write(json.dumps(letters.describe(letter), indent=2, default=str) + "\n")


async def _redrive(letters: DeadLetters, found: AsyncIterator[DeadLetter]) -> None:
    await _with_each(letters.redrive, found, "redriven")


async def _discard(letters: DeadLetters, found: AsyncIterator[DeadLetter]) -> None:
    await _with_each(letters.discard, found, "discarded")


_ACTIONS: dict[str, Callable[[DeadLetters, AsyncIterator[DeadLetter]], Awaitable[None]]] = {
    "list": _print_table,
    "show": _print_whole,
    "redrive": _redrive,
    "discard": _discard,
}


async def _with_each(act: Callable[[DeadLetter], Awaitable[None]], found: AsyncIterator[DeadLetter], done: str) -> None:
    number = 0
    async for letter in found:
        await act(letter)
        number += 1
        sys.stdout.write(f"{done} {letter.message.message_id} {letter.message.type} in {letter.queue}\n")
    sys.stdout.write(f"{number} {done}\n")


async def _each(channel: AbstractChannel, name: str) -> AsyncIterator[AbstractIncomingMessage]:
    """Yield each message that is now in the queue, once."""
    queue = await channel.declare_queue(name, passive=True, timeout=RPC_TIMEOUT_SECONDS)
    for _ in range(queue.declaration_result.message_count or 0):
        message = await queue.get(fail=False, timeout=RPC_TIMEOUT_SECONDS)
        if message is None:
            return
        yield message


def _reason(message: AbstractIncomingMessage, queue: str) -> str:
    # The broker's record of each queue and reason ("rejected", "delivery_limit"). Retry queues leave "expired" entries.
    deaths = message.headers.get("x-death")
    for death in deaths if isinstance(deaths, list) else []:
        if isinstance(death, dict) and death.get("queue") == queue:
            return str(death.get("reason", ""))
    return ""


def _write_table(rows: Iterable[Sequence[str]]) -> None:
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
