"""The relay during network failures: nothing is lost, order is kept, nothing hangs."""

import asyncio
import random
from functools import partial

import pytest
from structlog.testing import capture_logs

from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running

QUEUE = "payments.identity"


async def number_of(tap) -> int:
    return len({message.message_id for message in tap.messages})


@pytest.mark.parametrize("seed", range(6))
async def test_every_event_arrives_in_order_despite_faults(seed, outbox, broker_url, publications, register, tap, fault_proxy_to):
    """Random cuts, black holes and refusals while 600 events of 30 aggregates are sent: first arrivals are in order."""
    chance = random.Random(seed)
    proxy, url = await fault_proxy_to(broker_url)
    relay = Relay(outbox.url, url, publications, publish_timeout_seconds=0.5)
    numbers = {f"user-{number}": 0 for number in range(30)}
    async with running(relay.run):
        for _ in range(6):
            events = []
            for _ in range(100):
                user = chance.choice(list(numbers))
                events.append(register(user, numbers[user]))
                numbers[user] += 1
            await outbox.write(*events)
            await asyncio.sleep(chance.uniform(0, 0.05))
            await misbehave(proxy, chance)
        await outbox.wait_empty()
        async with running(partial(tap.run, broker_url, QUEUE)):
            await eventually(partial(number_of, tap), 600)
    assert tap.first_arrivals == {user: list(range(count)) for user, count in numbers.items() if count}


async def misbehave(proxy, chance: random.Random) -> None:
    match chance.choice(("cut", "refuse", "blackhole", "replies lost")):
        case "cut":
            proxy.cut()
        case "refuse":
            proxy.refuse()
        case "blackhole":
            proxy.blackhole()
        case "replies lost":
            proxy.blackhole(replies_only=True)
    await asyncio.sleep(chance.uniform(0, 0.3))
    proxy.cut()
    await proxy.heal()


async def test_the_relay_waits_for_an_unreachable_broker_and_names_it(outbox, broker_url, publications, register, fault_proxy_to):
    proxy, url = await fault_proxy_to(broker_url)
    proxy.hang_up()
    await outbox.write(register("ada"))
    with capture_logs() as logs:
        async with running(Relay(outbox.url, url, publications).run):
            await eventually(lambda: proxy.accepted >= 3)
            assert await outbox.count() == 1
            await proxy.heal()
            await outbox.wait_empty()
    waiting = [line for line in logs if line["event"] == "waiting_for_broker"]
    assert len(waiting) == 1
    assert waiting[0]["address"].startswith(f"127.0.0.1:{proxy.port}")
    assert "guest" not in str(logs)
    assert any(line["event"] == "broker_connected" for line in logs)


async def test_a_missing_confirm_does_not_block_the_relay(outbox, broker_url, publications, register, broker, fault_proxy_to):
    """The broker stores the event but its confirm is lost: it is published again, and the inbox drops the duplicate."""
    proxy, url = await fault_proxy_to(broker_url)
    async with running(Relay(outbox.url, url, publications, publish_timeout_seconds=0.5).run):
        await outbox.write(register("first"))
        await outbox.wait_empty()
        proxy.blackhole(replies_only=True)
        await outbox.write(register("ada"))
        await eventually(partial(broker.depth, QUEUE), 2)
        assert await outbox.count() == 1
        proxy.cut()
        await proxy.heal()
        await outbox.wait_empty()
    assert await broker.depth(QUEUE) == 3


async def test_a_stop_ends_even_if_the_broker_is_silent(outbox, broker_url, publications, register, fault_proxy_to):
    proxy, url = await fault_proxy_to(broker_url)
    async with running(Relay(outbox.url, url, publications, publish_timeout_seconds=0.5).run) as stop:
        await outbox.write(register("first"))
        await outbox.wait_empty()
        proxy.blackhole()
        await outbox.write(register("ada"))
        await eventually(lambda: proxy.held_back > 0)
        stop.set()
    assert await outbox.count() == 1
