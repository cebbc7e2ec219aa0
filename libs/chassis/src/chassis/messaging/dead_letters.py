"""Dead letters: messages in the dead-letter queues of one service, to read, redrive or discard."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from google.protobuf.json_format import MessageToDict

from chassis.messaging.catalogue import all_specs
from chassis.messaging.connection import RPC_TIMEOUT_SECONDS, open_session, underlay_of
from chassis.messaging.contracts import TIME, EventSpec
from chassis.messaging.publisher import publish
from chassis.messaging.topology import dead_queue_of, declare_subscriptions
from chassis.messaging.wire import ATTEMPT, FAULTS, Undecodable, amqp_properties, count, decode

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
        """Yield at most `limit` matching dead letters."""
        names = [queue] if queue else self._queues
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


def specs_of(service: str) -> list[EventSpec]:
    """Return the events that a service consumes."""
    return [spec for spec in all_specs() if service in spec.consumers]


@asynccontextmanager
async def dead_letters_of(rabbitmq_url: str, service: str) -> AsyncIterator[DeadLetters]:
    """Open the dead letters of a service; unacknowledged messages return to their queue at the block's end."""
    specs = specs_of(service)
    async with open_session(rabbitmq_url, name=f"{service} dead letters") as session:
        channel = await session.channel()
        await declare_subscriptions(session, service, specs)
        yield DeadLetters(channel, service, specs)


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
