"""A consumer of payments, whose queue the tests of consumers use."""

import asyncio
from functools import partial

import aio_pika

from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import Subscription
from chassis.testing.running import eventually
from elcorp.identity.v1 import events_pb2 as identity

QUEUE = "payments.identity"
# Headers of a message without an aggregate, which is never parked.
UNORDERED = {"cloudEvents:subject": None}


def consume(broker_url, database, handler, **options) -> Consumer:
    subscriptions = [Subscription(identity.UserRegistered, handler)]
    return Consumer(broker_url, "payments", subscriptions, database=database, **options)


def without_aggregate(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in UNORDERED}


async def ready(broker) -> None:
    await eventually(partial(broker.depth, QUEUE), 0)


async def handle_nothing(_delivery) -> None: ...


async def die_with_message(broker_url, broker, *, times: int) -> int:
    """Take the queue's message and lose the connection, `times` or until it is a dead letter; return how often it was taken."""
    for deaths in range(times):
        async with await aio_pika.connect(broker_url) as connection:
            queue = await (await connection.channel()).get_queue(QUEUE)
            taken = asyncio.Event()

            async def take(_message, taken=taken) -> None:
                taken.set()

            async def is_dead(taken=taken) -> bool:
                return taken.is_set() or bool(await broker.depth(f"{QUEUE}.dead") == 1)

            await queue.consume(take)
            # Either it is delivered again, or the broker is moving it to the dead letters.
            await eventually(is_dead)
            if not taken.is_set():
                return deaths
    return times
