"""The listener: live news for every process, and a word whenever it may have missed some."""

import asyncio
import contextlib
from functools import partial

import pytest

from chassis.messaging.listener import Listener
from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity


class Ear:
    """Hears whose news it was; `seeded` counts how often it was told to make up for what it missed."""

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

    async def hears(self, name: str, outbox, register) -> None:
        """Say it until it is heard: a connection that falls between two heartbeats takes the news with it."""
        for _ in range(10):
            await outbox.write(register(name))
            with contextlib.suppress(AssertionError):
                await eventually(lambda: name in self.heard)
                return
        pytest.fail(f"{name} was never heard")


async def test_every_process_hears_each_event(broker_url, outbox, publications, register):
    ears = [Ear(broker_url) for _ in range(3)]
    async with running(Relay(outbox.url, broker_url, publications).run, *(ear.listener.run for ear in ears)):
        await eventually(lambda: [ear.seeded for ear in ears], [1, 1, 1])
        await outbox.write(register("ada"))
        await eventually(lambda: [ear.heard for ear in ears], [["ada"]] * 3)
        assert all(ear.listener.connected for ear in ears)
    assert not any(ear.listener.connected for ear in ears)


@pytest.mark.parametrize("fault", ["cut", "refuse", "blackhole"])
async def test_listener_binds_again_and_seeds_again(fault, broker_url, outbox, publications, register, fault_proxy_to):
    # The heartbeat is what tells a silent broker from a quiet one; a test cannot wait for half a minute.
    proxy, url = await fault_proxy_to(f"{broker_url}?heartbeat=1")
    ear = Ear(url)
    async with running(Relay(outbox.url, broker_url, publications).run, ear.listener.run):
        await eventually(lambda: ear.seeded >= 1)
        before = ear.seeded
        getattr(proxy, fault)()
        if fault != "cut":
            await eventually(lambda: ear.listener.connected, False)
            proxy.cut()
            await proxy.heal()
        await eventually(lambda: ear.seeded > before)
        await ear.hears("bob", outbox, register)


async def test_failing_callback_does_not_deafen(broker_url, outbox, publications, register):
    ear = Ear(broker_url)
    async with running(Relay(outbox.url, broker_url, publications).run, ear.listener.run):
        await eventually(lambda: ear.seeded, 1)
        await outbox.write(register("troll"))
        await outbox.write(register("ada"))
        await eventually(lambda: ear.heard, ["ada"])


async def test_seeding_that_fails_is_tried_again(broker_url):
    ear = Ear(broker_url)
    ear.seeding_fails = 2
    async with running(ear.listener.run):
        await eventually(lambda: ear.seeded, 1)
        assert ear.listener.connected


async def test_synchronous_callbacks_will_do(broker_url, outbox, publications, register):
    seeded, heard = asyncio.Event(), asyncio.Event()
    listener = Listener(broker_url, {identity.UserRegistered: lambda _delivery: heard.set()}, on_connected=seeded.set)
    async with running(Relay(outbox.url, broker_url, publications).run, listener.run):
        await seeded.wait()
        await outbox.write(register("ada"))
        await heard.wait()


async def test_nothing_is_kept_for_the_absent(broker_url, management):
    ear = Ear(broker_url)
    vhost = broker_url.rpartition("/")[2].partition("?")[0]
    async with running(ear.listener.run):
        await eventually(lambda: ear.seeded >= 1)
    await eventually(partial(_queues, management, vhost), [])


async def _queues(management, vhost):
    return [queue["name"] for queue in await asyncio.to_thread(management.call, "GET", f"queues/{vhost}")]
