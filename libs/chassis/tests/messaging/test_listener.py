"""The listener: live news for every process, and a word whenever it may have missed some."""

import asyncio
from functools import partial

import pytest

from chassis.messaging.listener import Listener
from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity


class Ear:
    def __init__(self, url) -> None:
        self.heard: list[str] = []
        self.seeded = 0
        self.seeding_fails = 0
        self.listener = Listener(url, {identity.UserRegistered: self.hear}, on_connected=self.seed)

    async def hear(self, delivery) -> None:
        if delivery.message.user_id == "troll":
            raise ZeroDivisionError
        self.heard.append(delivery.message.user_id)

    async def seed(self) -> None:
        if self.seeding_fails:
            self.seeding_fails -= 1
            raise ConnectionError("what the seed comes from is away")
        self.seeded += 1

    async def seedings(self) -> int:
        return self.seeded

    async def last(self) -> str:
        return self.heard[-1] if self.heard else ""

    async def connected(self) -> bool:
        return self.listener.connected


async def test_every_process_hears_each_event(broker_url, outbox, publications, register):
    ears = [Ear(broker_url) for _ in range(3)]
    async with running(Relay(outbox.url, broker_url, publications).run, *(ear.listener.run for ear in ears)):
        for ear in ears:
            await eventually(ear.seedings, 1)
        await outbox.write(register("ada"))
        for ear in ears:
            await eventually(ear.last, "ada")
            assert ear.listener.connected
    assert not any(ear.listener.connected for ear in ears)


@pytest.mark.parametrize("fault", ["cut", "refuse", "blackhole"])
async def test_listener_binds_again_and_seeds_again(fault, broker_url, outbox, publications, register, fault_proxy_to):
    proxy, url = await fault_proxy_to(broker_url)
    ear = Ear(url)
    async with running(Relay(outbox.url, broker_url, publications).run, ear.listener.run):
        await eventually(ear.seedings, 1)
        getattr(proxy, fault)()
        if fault != "cut":
            await eventually(ear.connected, False, seconds=15)
            proxy.cut()
            await proxy.heal()
        await eventually(ear.seedings, 2)
        await outbox.write(register("bob"))
        await eventually(ear.last, "bob")


async def test_failing_callback_does_not_deafen(broker_url, outbox, publications, register):
    ear = Ear(broker_url)
    async with running(Relay(outbox.url, broker_url, publications).run, ear.listener.run):
        await eventually(ear.seedings, 1)
        await outbox.write(register("troll"))
        await outbox.write(register("ada"))
        await eventually(ear.last, "ada")


async def test_seeding_that_fails_is_tried_again(broker_url):
    ear = Ear(broker_url)
    ear.seeding_fails = 2
    async with running(ear.listener.run):
        await eventually(ear.seedings, 1)
        assert ear.listener.connected


async def test_synchronous_callbacks_will_do(broker_url, outbox, publications, register):
    seeded, heard = asyncio.Event(), asyncio.Event()
    listener = Listener(broker_url, {identity.UserRegistered: lambda _delivery: heard.set()}, on_connected=seeded.set)
    async with running(Relay(outbox.url, broker_url, publications).run, listener.run):
        await asyncio.wait_for(seeded.wait(), 5)
        await outbox.write(register("ada"))
        await asyncio.wait_for(heard.wait(), 5)


async def test_nothing_is_kept_for_the_absent(broker_url, management):
    ear = Ear(broker_url)
    vhost = broker_url.rpartition("/")[2].partition("?")[0]
    async with running(ear.listener.run):
        await eventually(ear.seedings, 1)
    await eventually(partial(_queues, management, vhost), [])


async def _queues(management, vhost):
    return [queue["name"] for queue in await asyncio.to_thread(management.call, "GET", f"queues/{vhost}")]
