"""Exchanges, queues and bindings, derived from the contract of events.

Producers and consumers declare the same objects, so the first to start creates them and no event is unroutable:

    elcorp.<producer> (topic) → <consumer>.<family> ┬→ elcorp.dead (direct) → <queue>.dead      rejected, or delivered too often
                                                    └→ <queue>.retry.<seconds> → back to <queue>   failed, to be retried

Works on RabbitMQ 3.10, 4.0 and 4.3.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from chassis.messaging.connection import RPC_TIMEOUT_SECONDS, Session
from chassis.messaging.contracts import EventSpec, Publications

DEAD_EXCHANGE = "elcorp.dead"
RETRY_SECONDS = (1, 5, 30, 120)
# How often a message may be redelivered because its consumer died.
DELIVERY_LIMIT = 20
# Reading a dead letter counts as a delivery, and RabbitMQ 4 drops messages beyond its default limit of 20.
_DEAD_DELIVERY_LIMIT = 1_000_000

log = structlog.get_logger()


def exchange_of(producer: str) -> str:
    return f"elcorp.{producer}"


def dead_queue_of(queue: str) -> str:
    return f"{queue}.dead"


def retry_queue_of(queue: str, seconds: int) -> str:
    return f"{queue}.retry.{seconds}"


async def declare_publications(session: Session, publications: Publications) -> None:
    """Declare the producer's exchange and the queue of every consumer in its contract; unbind the queues of former consumers."""
    async with asyncio.timeout(RPC_TIMEOUT_SECONDS), session.attempt() as channel:
        exchange = await declare_exchange(channel, publications.producer)
        for name in sorted({spec.queue(consumer) for spec in publications.specs for consumer in spec.consumers}):
            await declare_queue(session, channel, name)
        for spec in publications.specs:
            for consumer in spec.consumers:
                await (await channel.get_queue(spec.queue(consumer), ensure=False)).bind(exchange, routing_key=spec.type)
            for consumer in spec.former_consumers:
                # A binding that does not exist is no error.
                await (await channel.get_queue(spec.queue(consumer), ensure=False)).unbind(exchange, routing_key=spec.type)
        await _report_queues_without_consumer(session, publications)


async def declare_subscriptions(session: Session, service: str, specs: Sequence[EventSpec]) -> list[str]:
    """Declare the queues that a service consumes, bound to the producers known from the type.

    Return the names of those that exist with other arguments.
    """
    async with asyncio.timeout(RPC_TIMEOUT_SECONDS), session.attempt() as channel:
        names = sorted({spec.queue(service) for spec in specs})
        outdated = [name for name in names if not await declare_queue(session, channel, name)]
        for spec in specs:
            # Every service produces for a family such as "audit"; each binds it when its relay starts.
            if not spec.family:
                queue = await channel.get_queue(spec.queue(service), ensure=False)
                await queue.bind(await declare_exchange(channel, spec.context), routing_key=spec.type)
    return outdated


async def declare_exchange(channel: AbstractChannel, producer: str) -> AbstractExchange:
    return await channel.declare_exchange(exchange_of(producer), ExchangeType.TOPIC, durable=True)


async def declare_queue(session: Session, channel: AbstractChannel, name: str) -> bool:
    """Declare a consumer's queue with all that belongs to it; return False if the queue exists with other arguments.

    Such a queue is used as it is: AMQP cannot change it, and refusing it would stop its producer and its consumer.
    """
    dead = await channel.declare_exchange(DEAD_EXCHANGE, ExchangeType.DIRECT, durable=True)
    returning = _dead_lettering(exchange="", routing_key=name)
    # What a message may go to comes before the queue that it goes from.
    retries = {retry_queue_of(name, seconds): {"x-message-ttl": seconds * 1000, **returning} for seconds in RETRY_SECONDS}
    await _declare_quorum_queues(session, {dead_queue_of(name): {"x-delivery-limit": _DEAD_DELIVERY_LIMIT}, **retries})
    await (await channel.get_queue(dead_queue_of(name), ensure=False)).bind(dead, routing_key=name)
    return not await _declare_quorum_queues(session, {name: _queue_arguments(name)})


async def _declare_quorum_queues(session: Session, arguments: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Declare durable quorum queues, in this order; return the names of those that exist with other arguments."""
    outdated: list[str] = []
    while missing := [each for each in arguments if each not in outdated]:
        try:
            async with session.attempt() as attempt:
                for each in missing:
                    await attempt.declare_queue(each, durable=True, arguments={"x-queue-type": "quorum", **arguments[each]})
                break
        except ChannelPreconditionFailed as error:
            log.warning("queue_has_other_arguments", queue=each, reason=str(error))
            outdated.append(each)
    return outdated


def _queue_arguments(name: str) -> dict[str, Any]:
    """Return the arguments of a consumer's queue."""
    return {
        "x-delivery-limit": DELIVERY_LIMIT,
        # Only one of several consumers is active and the others stand by, so that an aggregate's events stay in order.
        "x-single-active-consumer": True,
        **_dead_lettering(exchange=DEAD_EXCHANGE, routing_key=name),
    }


async def _waiting_messages(session: Session, name: str) -> int | None:
    """Return the number of ready messages of a queue; None if it does not exist."""
    async with session.attempt() as channel:
        try:
            found = (await channel.declare_queue(name, passive=True)).declaration_result
        except ChannelNotFoundEntity:
            return None
    return found.message_count or 0


def _dead_lettering(*, exchange: str, routing_key: str) -> dict[str, Any]:
    return {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-routing-key": routing_key,
        # Never lost in transfer, perhaps duplicated. It requires this overflow setting.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


async def _report_queues_without_consumer(session: Session, publications: Publications) -> None:
    current = {spec.queue(consumer) for spec in publications.specs for consumer in spec.consumers}
    former = {spec.queue(consumer) for spec in publications.specs for consumer in spec.former_consumers}
    for name in sorted(former - current):
        if (waiting := await _waiting_messages(session, name)) is not None:
            log.warning("queue_without_consumer", queue=name, messages=waiting)
