"""The relay on a real outbox and a real broker."""

import asyncio
from functools import partial

from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running


async def test_event_arrives_with_its_attributes_and_leaves_the_outbox(outbox, broker_url, publications, register, tap):
    event = register("ada", 7)
    relay = Relay(outbox.url, broker_url, publications)
    async with running(relay.run):
        await outbox.write(event)
        await outbox.wait_empty()
        async with running(partial(tap.run, broker_url, "payments.identity")):
            await eventually(partial(_count, tap), 1)
    (message,) = tap.messages
    assert tap.events == [("ada", 7)]
    assert message.message_id == str(event.event_id)
    assert message.type == message.routing_key == "identity.user.registered"
    assert message.content_type == "application/protobuf"
    assert message.delivery_mode == 2
    assert message.headers["cloudEvents:source"] == "/identity"
    assert message.headers["cloudEvents:subject"] == "ada"
    assert message.headers["cloudEvents:time"] == event.occurred_at.isoformat()


async def test_notify_wakes_the_relay_before_its_poll(outbox, broker_url, publications, register):
    relay = Relay(outbox.url, broker_url, publications)
    async with running(relay.run):
        await outbox.write(register("first"))
        await outbox.wait_empty()
        waits = []
        for number in range(5):
            await outbox.write(register("ada", number))
            begun = asyncio.get_running_loop().time()
            await outbox.wait_empty()
            waits.append(asyncio.get_running_loop().time() - begun)
    assert sorted(waits)[2] < 0.5


async def _count(tap) -> int:
    return len(tap.messages)
