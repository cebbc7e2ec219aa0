"""Publishes outbox rows: many at once, but one per aggregate. A row is sent only when the broker has confirmed it."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aio_pika.exceptions import DeliveryError
from aiormq.channel import Channel

from chassis.messaging.connection import BROKER_ERRORS, BrokerLost
from chassis.messaging.contracts import Publications
from chassis.messaging.outbox_table import OutboxRow
from chassis.messaging.topology import exchange_of
from chassis.messaging.wire import amqp_properties

PUBLISH_TIMEOUT_SECONDS = 5.0
IN_FLIGHT_MAX = 100
# Errors of a single message, from the broker or the encoding; other messages can still be published.
REFUSALS = (DeliveryError, ValueError, TypeError)


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
    """Publishes on one channel to the producer's exchange."""

    def __init__(self, channel: Channel, publications: Publications, *, timeout_seconds: float) -> None:
        self._channel = channel
        self._exchange = exchange_of(publications.producer)
        self._producer = publications.producer
        # Messages of a type that was removed from the contract are mandatory: they stay in the outbox instead of being dropped.
        self._mandatory: Mapping[str, bool] = {spec.type: bool(spec.consumers) for spec in publications.specs}
        self._timeout_seconds = timeout_seconds

    async def send(self, rows: Sequence[OutboxRow], *, in_flight_max: int) -> Wave:
        """Publish rows in order within each aggregate; a failure stops its aggregate, a broken channel the whole wave."""
        chains: dict[str, list[OutboxRow]] = {}
        for row in rows:
            chains.setdefault(row.aggregate, []).append(row)
        wave = Wave()
        waiting = deque(chains.values())
        async with asyncio.TaskGroup() as senders:
            for _ in range(min(in_flight_max, len(waiting))):
                senders.create_task(self._send_chains(waiting, wave))
        return wave

    async def _send_chains(self, waiting: deque[list[OutboxRow]], wave: Wave) -> None:
        while waiting and not wave.broken:
            for row in waiting.popleft():
                if wave.broken or not await self._send(row, wave):
                    break

    async def _send(self, row: OutboxRow, wave: Wave) -> bool:
        try:
            await self._publish(row)
        except REFUSALS as error:
            wave.refused[row.aggregate] = error
            return False
        except BROKER_ERRORS as error:
            if not wave.broken:
                wave.broken, wave.suspect = error, row.aggregate
            return False
        wave.confirmed.append(row.position)
        return True

    async def _publish(self, row: OutboxRow) -> None:
        properties = amqp_properties(
            message_id=str(row.message_id), event_type=row.type, producer=self._producer, headers=row.headers
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
