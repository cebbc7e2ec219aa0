"""The listener: live events for every process, and a call to `seed` whenever it may have missed some."""

import asyncio
import contextlib
from functools import partial

import pytest

from chassis.messaging.listener import Listener
from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity


class Subscriber:
    """Records whose events it received; `seeded` counts the calls to make up for missed events."""

    def __init__(self, url) -> None:
        self.received: list[str] = []
        self.seeded = 0
        self.seeding_fails = 0
        self.listener = Listener(url, {identity.UserRegistered: self.receive}, on_connected=self.seed)

    async def receive(self, delivery) -> None:
        if delivery.message.user_id == "troll":
            raise ZeroDivisionError
        self.received.append(delivery.message.user_id)

    async def seed(self) -> None:
        if self.seeding_fails:
            self.seeding_fails -= 1
            raise ConnectionError("the source of the seed is away")
        self.seeded += 1

    async def receives(self, name: str, outbox, register) -> None:
        """Publish until it is received: a connection that is lost between two heartbeats loses the event too."""
        for _ in range(10):
            await outbox.write(register(name))
            with contextlib.suppress(AssertionError):
                await eventually(lambda: name in self.received)
                return
        pytest.fail(f"{name} was never received")


async def test_every_process_receives_each_event(broker_url, outbox, publications, register):
    subscribers = [Subscriber(broker_url) for _ in range(3)]
    async with running(Relay(outbox.url, broker_url, publications).run, *(subscriber.listener.run for subscriber in subscribers)):
        await eventually(lambda: [subscriber.seeded for subscriber in subscribers], [1, 1, 1])
        await outbox.write(register("ada"))
        await eventually(lambda: [subscriber.received for subscriber in subscribers], [["ada"]] * 3)
        assert all(subscriber.listener.connected for subscriber in subscribers)
    assert not any(subscriber.listener.connected for subscriber in subscribers)


@pytest.mark.parametrize("fault", ["cut", "refuse", "blackhole"])
async def test_after_a_fault_the_listener_binds_and_seeds_again(
    fault, broker_url, outbox, publications, register, fault_proxy_to
):
    # The heartbeat distinguishes a silent broker from an idle one; a test cannot wait half a minute for it.
    proxy, url = await fault_proxy_to(f"{broker_url}?heartbeat=1")
    subscriber = Subscriber(url)
    async with running(Relay(outbox.url, broker_url, publications).run, subscriber.listener.run):
        await eventually(lambda: subscriber.seeded >= 1)
        before = subscriber.seeded
        getattr(proxy, fault)()
        if fault != "cut":
            await eventually(lambda: subscriber.listener.connected, False)
            proxy.cut()
            await proxy.heal()
        await eventually(lambda: subscriber.seeded > before)
        await subscriber.receives("bob", outbox, register)


async def test_a_failing_callback_does_not_stop_the_listener(broker_url, outbox, publications, register):
    subscriber = Subscriber(broker_url)
    async with running(Relay(outbox.url, broker_url, publications).run, subscriber.listener.run):
        await eventually(lambda: subscriber.seeded, 1)
        await outbox.write(register("troll"))
        await outbox.write(register("ada"))
        await eventually(lambda: subscriber.received, ["ada"])


async def test_seeding_is_retried_after_a_failure(broker_url):
    subscriber = Subscriber(broker_url)
    subscriber.seeding_fails = 2
    async with running(subscriber.listener.run):
        await eventually(lambda: subscriber.seeded, 1)
        assert subscriber.listener.connected


async def test_synchronous_callbacks_are_accepted(broker_url, outbox, publications, register):
    seeded, received = asyncio.Event(), asyncio.Event()
    listener = Listener(broker_url, {identity.UserRegistered: lambda _delivery: received.set()}, on_connected=seeded.set)
    async with running(Relay(outbox.url, broker_url, publications).run, listener.run):
        await seeded.wait()
        await outbox.write(register("ada"))
        await received.wait()


async def test_no_queue_remains_for_a_stopped_listener(broker_url, management):
    subscriber = Subscriber(broker_url)
    vhost = broker_url.rpartition("/")[2].partition("?")[0]
    async with running(subscriber.listener.run):
        await eventually(lambda: subscriber.seeded >= 1)
    await eventually(partial(_queues, management, vhost), [])


async def _queues(management, vhost):
    return [queue["name"] for queue in await asyncio.to_thread(management.call, "GET", f"queues/{vhost}")]
