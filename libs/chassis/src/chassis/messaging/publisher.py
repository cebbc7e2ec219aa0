"""Publishing outbox rows: many in flight, one per aggregate, each counted as sent only by the broker's confirm."""

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
# What a broker or the encoding may refuse about a single message, while others pass.
REFUSALS = (DeliveryError, ValueError, TypeError)


@dataclass(slots=True)
class Wave:
    """What became of some rows.

    `confirmed` holds positions, `refused` the error of each aggregate whose chain was stopped, `broken` the error that
    ended the wave for all; what it names was under way, and may have arrived or not.
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
        # A type that the contract no longer has stays in the outbox rather than vanish: mandatory.
        self._mandatory: Mapping[str, bool] = {spec.type: bool(spec.consumers) for spec in publications.specs}
        self._timeout_seconds = timeout_seconds

    async def send(self, rows: Sequence[OutboxRow], *, in_flight_max: int) -> Wave:
        """Publish rows, in order within an aggregate; a failure stops its aggregate, a broken channel the wave."""
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
    """Publish and wait for the broker's confirm; raises one of REFUSALS or BROKER_ERRORS, and never hangs."""
    try:
        # The channel's own publish rather than an exchange's: it need not wait for the socket to drain, as each message
        # waits for its confirm anyway.
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
        # A closing channel cancels its futures, which looks like a cancellation of ours and is none.
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        raise BrokerLost("the channel closed under a publish") from error
