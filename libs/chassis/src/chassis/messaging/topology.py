"""Exchanges, queues and bindings, derived from the contract of events.

Producers and consumers declare the same objects, so the first to start creates them and no event is unroutable:

    elcorp.<producer> (topic) → <consumer>.<family> ┬→ elcorp.dead (direct) → <queue>.dead      rejected, or delivered too often
                                                    └→ <queue>.retry.<seconds> → back to <queue>   failed, to be retried

Works on RabbitMQ 3.10, 4.0 and 4.3.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

from chassis.messaging.connection import RPC_TIMEOUT_SECONDS
from chassis.messaging.contracts import EventSpec, Publications

DEAD_EXCHANGE = "elcorp.dead"
RETRY_SECONDS = (1, 5, 30, 120)
# How often a message may be redelivered because its consumer died.
DELIVERY_LIMIT = 20
# Reading a dead letter counts as a delivery, and RabbitMQ 4 drops messages beyond its default limit of 20.
_DEAD_DELIVERY_LIMIT = 1_000_000


def exchange_of(producer: str) -> str:
    return f"elcorp.{producer}"


def dead_queue_of(queue: str) -> str:
    return f"{queue}.dead"


def retry_queue_of(queue: str, seconds: int) -> str:
    return f"{queue}.retry.{seconds}"


async def declare_publications(channel: AbstractChannel, publications: Publications) -> None:
    """Declare the producer's exchange and the queue of every consumer in its contract."""
    async with asyncio.timeout(RPC_TIMEOUT_SECONDS):
        exchange = await declare_exchange(channel, publications.producer)
        queues: dict[str, AbstractQueue] = {}
        for spec in publications.specs:
            for consumer in spec.consumers:
                name = spec.queue(consumer)
                if name not in queues:
                    queues[name] = await _declare_queue(channel, name)
                await queues[name].bind(exchange, routing_key=spec.type)


async def declare_subscriptions(channel: AbstractChannel, service: str, specs: Iterable[EventSpec]) -> dict[str, AbstractQueue]:
    """Declare the queues that a service consumes, bound to the producers known from the type; return them by name."""
    async with asyncio.timeout(RPC_TIMEOUT_SECONDS):
        queues: dict[str, AbstractQueue] = {}
        for spec in specs:
            name = spec.queue(service)
            if name not in queues:
                queues[name] = await _declare_queue(channel, name)
            # Every service produces for a family such as "audit"; each binds it when its relay starts.
            if not spec.family:
                exchange = await declare_exchange(channel, spec.context)
                await queues[name].bind(exchange, routing_key=spec.type)
        return queues


async def declare_exchange(channel: AbstractChannel, producer: str) -> AbstractExchange:
    return await channel.declare_exchange(exchange_of(producer), ExchangeType.TOPIC, durable=True)


async def _declare_queue(channel: AbstractChannel, name: str) -> AbstractQueue:
    dead = await channel.declare_exchange(DEAD_EXCHANGE, ExchangeType.DIRECT, durable=True)
    dead_queue = await _quorum(channel, dead_queue_of(name), {"x-delivery-limit": _DEAD_DELIVERY_LIMIT})
    await dead_queue.bind(dead, routing_key=name)
    for seconds in RETRY_SECONDS:
        returning = {"x-message-ttl": seconds * 1000, **_dead_lettering(exchange="", routing_key=name)}
        await _quorum(channel, retry_queue_of(name, seconds), returning)
    arguments = {
        "x-delivery-limit": DELIVERY_LIMIT,
        # Only one of several consumers is active and the others stand by, so that an aggregate's events stay in order.
        "x-single-active-consumer": True,
        **_dead_lettering(exchange=DEAD_EXCHANGE, routing_key=name),
    }
    return await _quorum(channel, name, arguments)


def _dead_lettering(*, exchange: str, routing_key: str) -> dict[str, Any]:
    return {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-routing-key": routing_key,
        # Never lost in transfer, perhaps duplicated. It requires this overflow setting.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


async def _quorum(channel: AbstractChannel, name: str, arguments: dict[str, Any]) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})
