"""Publishes outbox rows: many at once, in order within an aggregate. A row is sent only when the broker has confirmed it.

One channel keeps the order of its messages to a queue. So messages of one aggregate may be in flight together as long as they go
to the same queues, that is while they have one type; a message of another type waits for the confirms before it. A refused
message must not be overtaken, either:

- A message that cannot be encoded, or not be written in time, stops those behind it before they are written.
- The broker returns a message for which there is no queue. The first message of a type is therefore sent alone on each channel:
  while its queues are missing, nothing is in flight behind it.
- If the channel or the connection is lost, the rows without a confirm are sent again from the first one on. The inbox drops those
  that had arrived.

What remains: queues that are deleted and declared again within the few milliseconds of one window, and a length limit with
`overflow=reject-publish` on a consumer's queue, which nothing here sets. The broker can then accept a message that follows a
refused one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aio_pika.exceptions import DeliveryError
from aiormq.channel import Channel

from chassis.messaging.connection import BROKER_ERRORS, BrokerLost
from chassis.messaging.contracts import Publications
from chassis.messaging.outbox_table import OutboxRow
from chassis.messaging.topology import exchange_of
from chassis.messaging.wire import amqp_properties

PUBLISH_TIMEOUT_SECONDS = 5.0
IN_FLIGHT_MAX = 100
# The messages of one aggregate in flight. More of them are not faster, and a loss of the connection repeats them all.
IN_FLIGHT_OF_AGGREGATE_MAX = 32
# Far more than ours have, and far less than a frame holds (131,072 bytes): a frame that is too large ends the connection.
HEADERS_LENGTH_MAX = 10_000
# Errors of a single message, from the broker or the encoding; other messages can still be published.
REFUSALS = (DeliveryError, ValueError, TypeError, RecursionError)


class Unsendable(ValueError):
    """A row's headers cannot be sent."""


@dataclass(slots=True)
class Wave:
    """The result of publishing some rows.

    `confirmed` has the positions of confirmed rows, `refused` the error of each aggregate that was stopped, `broken` the error
    that ended the whole wave; rows in flight at that moment may have arrived or not.
    """

    confirmed: list[int] = field(default_factory=list)
    refused: dict[str, Exception] = field(default_factory=dict)
    broken: Exception | None = None
    suspect: str | None = None


class Publisher:
    """Publishes on one channel to the producer's exchange, while `allowed` returns True."""

    def __init__(
        self,
        channel: Channel,
        publications: Publications,
        *,
        timeout_seconds: float,
        allowed: Callable[[], bool],
    ) -> None:
        self._channel = channel
        self._exchange = exchange_of(publications.producer)
        self._producer = publications.producer
        # Messages of a type that was removed from the contract are mandatory: they stay in the outbox instead of being dropped.
        self._mandatory: Mapping[str, bool] = {spec.type: bool(spec.consumers) for spec in publications.specs}
        self._timeout_seconds = timeout_seconds
        self._allowed = allowed
        # The types whose messages the broker has accepted on this channel since it last refused one of them.
        self._accepted: set[str] = set()

    async def send(self, rows: Sequence[OutboxRow], *, in_flight_max: int) -> Wave:
        """Publish rows in order within each aggregate; a failure stops its aggregate, a broken channel the whole wave."""
        chains: dict[str, deque[OutboxRow]] = {}
        for row in rows:
            chains.setdefault(row.aggregate, deque()).append(row)
        wave = Wave()
        slots = asyncio.Semaphore(in_flight_max)
        async with asyncio.TaskGroup() as senders:
            for chain in chains.values():
                senders.create_task(self._send_chain(chain, wave, slots))
        return wave

    async def _send_chain(self, chain: deque[OutboxRow], wave: Wave, slots: asyncio.Semaphore) -> None:
        in_flight: deque[asyncio.Task[None]] = deque()
        before: OutboxRow | None = None
        async with asyncio.TaskGroup() as senders:
            while chain:
                row = chain.popleft()
                alone = before is None or before.type != row.type or row.type not in self._accepted
                while in_flight and (alone or len(in_flight) >= IN_FLIGHT_OF_AGGREGATE_MAX):
                    await asyncio.wait({in_flight.popleft()})
                await slots.acquire()
                if wave.broken or row.aggregate in wave.refused or not self._allowed():
                    slots.release()
                    return
                before = row
                # Tasks start in the order of their creation, and write their messages in the order in which they start.
                sending = senders.create_task(self._send(row, wave, in_flight))
                sending.add_done_callback(lambda _: slots.release())
                in_flight.append(sending)

    async def _send(self, row: OutboxRow, wave: Wave, in_flight: Collection[asyncio.Task[None]]) -> None:
        try:
            properties = amqp_properties(
                message_id=str(row.message_id), event_type=row.type, producer=self._producer, headers=_headers_of(row)
            )
            await publish(
                self._channel,
                row.payload,
                exchange=self._exchange,
                routing_key=row.type,
                properties=properties,
                mandatory=self._mandatory.get(row.type, True),
                timeout_seconds=self._timeout_seconds,
            )
        except REFUSALS as error:
            wave.refused.setdefault(row.aggregate, error)
            self._accepted.discard(row.type)
        except BROKER_ERRORS as error:
            if not wave.broken:
                wave.broken, wave.suspect = error, row.aggregate
        else:
            wave.confirmed.append(row.position)
            self._accepted.add(row.type)
            return
        _cancel_after(asyncio.current_task(), in_flight)


def _headers_of(row: OutboxRow) -> dict[str, Any]:
    """Return the headers; raises Unsendable. The runtime role may write what the services' code never would."""
    if len(row.headers) > HEADERS_LENGTH_MAX:
        raise Unsendable(f"{len(row.headers):,} characters of headers; at most {HEADERS_LENGTH_MAX:,}")
    try:
        headers = orjson.loads(row.headers)
    except orjson.JSONDecodeError as error:
        raise Unsendable(f"its headers cannot be read: {error}") from None
    if not isinstance(headers, dict):
        raise Unsendable("its headers are no object")
    return headers


def _cancel_after(failed: asyncio.Task[Any] | None, in_flight: Collection[asyncio.Task[None]]) -> None:
    # At once: perhaps the failed message was not written, and the next one is waiting for its turn to write. What was written is
    # sent again, after the failed message.
    later = list(in_flight)
    for sending in later[later.index(failed) + 1 if failed in later else 0 :]:
        sending.cancel()


async def publish(
    channel: Channel,
    body: bytes,
    *,
    exchange: str,
    routing_key: str,
    properties: Any,
    mandatory: bool = True,
    timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS,
) -> None:
    """Publish and wait for the broker's confirm, with a timeout; raises one of REFUSALS or BROKER_ERRORS."""
    try:
        # Use the channel's publish rather than the exchange's: it does not wait for the socket to drain, and each message waits
        # for its confirm anyway.
        await channel.basic_publish(
            body,
            exchange=exchange,
            routing_key=routing_key,
            properties=properties,
            mandatory=mandatory,
            timeout=timeout_seconds,
            wait=False,
        )
    except asyncio.CancelledError as error:
        # A closing channel cancels its futures; this must not be mistaken for a cancellation of this task.
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        raise BrokerLost("the channel closed during a publish") from error
