"""A consumer of payments, whose queue the tests of consumers use."""

from functools import partial

from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import Subscription
from chassis.testing.running import eventually
from elcorp.identity.v1 import events_pb2 as identity

QUEUE = "payments.identity"


def consume(broker_url, handler, **options) -> Consumer:
    return Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, handler)], **options)


async def ready(broker) -> None:
    await eventually(partial(broker.depth, QUEUE), 0)


async def handle_nothing(_delivery) -> None: ...
