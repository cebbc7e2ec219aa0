"""Batch subscriptions: many messages, one handler call, one acknowledgement."""

import asyncio
from functools import partial

from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import AnySubscription, BatchSubscription, Publications
from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import InvalidValue, StaleVersion, Unavailable

QUEUE = "payments.identity"


def address_issued(event) -> identity.WalletAddressIssued:
    return identity.WalletAddressIssued(user_id=event.user_id)


class Log:
    """An append-only log of the messages, idempotent per message id as a batch handler must be."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.numbers: list[int] = []
        self.batches: list[int] = []
        self.refuses: set[str] = set()
        self.fails: set[str] = set()
        self.away = False
        self.calls = 0
        self.called = asyncio.Event()

    async def append(self, deliveries) -> None:
        self.calls += 1
        self.called.set()
        await asyncio.sleep(0)
        users = {delivery.message.user_id for delivery in deliveries}
        if self.away:
            raise Unavailable
        if users & self.refuses:
            raise InvalidValue
        if users & self.fails:
            raise StaleVersion
        self.batches.append(len(deliveries))
        for delivery in deliveries:
            self.entries.setdefault(str(delivery.message_id), delivery.message.user_id)
            self.numbers.append(int(getattr(delivery.message, "wallet_address", 0) or 0))

    async def count(self) -> int:
        return len(self.entries)

    def consumer(self, url, database, **options) -> Consumer:
        return Consumer(url, "payments", [BatchSubscription(identity.UserRegistered, self.append, **options)], database=database)


async def test_many_messages_make_few_batches_in_order(broker_url, database, outbox, publications, register):
    log = Log()
    await outbox.write(*(register("ada", number) for number in range(400)))
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.wait_empty()
    # However slowly messages arrive, only the batch's size closes it.
    async with running(log.consumer(broker_url, database, batch_max=100, wait_ms_max=600_000).run):
        await eventually(log.count, 400)
    assert log.batches == [100] * 4
    assert log.numbers == list(range(400))


async def test_a_batch_does_not_wait_until_it_is_full(broker_url, database, publications, register, broker):
    log = Log()
    async with running(log.consumer(broker_url, database, wait_ms_max=50).run):
        await eventually(partial(broker.depth, QUEUE), 0)
        # One of a hundred: the batch would never be full.
        await broker.send(register("ada"), publications, queue=QUEUE)
        await eventually(log.count, 1)
    assert await broker.depth(QUEUE) == 0


async def test_one_bad_message_does_not_block_its_batch(broker_url, database, outbox, publications, register, broker):
    log = Log()
    log.refuses, log.fails = {"user-17"}, {"user-33"}
    await outbox.write(*(register(f"user-{number}") for number in range(50)))
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.wait_empty()
    await broker.send(register("garbled"), publications, queue=QUEUE, body=b"\xff\xff")
    async with running(log.consumer(broker_url, database).run):
        await eventually(log.count, 48)
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 2)
        await eventually(partial(broker.depth, f"{QUEUE}.retry.1"), 1)
        log.fails = set()
        await eventually(log.count, 49)
    assert await broker.depth(QUEUE) == 0


async def test_a_batch_waits_in_place_for_a_dependency(broker_url, database, publications, register, broker):
    log = Log()
    log.away = True
    async with running(log.consumer(broker_url, database).run):
        await eventually(partial(broker.depth, QUEUE), 0)
        for number in range(3):
            await broker.send(register(f"user-{number}"), publications, queue=QUEUE)
        await eventually(lambda: log.calls > 1)
        log.away = False
        await eventually(log.count, 3)
    assert list(log.entries.values()) == ["user-0", "user-1", "user-2"]
    assert await broker.depth(f"{QUEUE}.retry.1") == 0


async def test_stopping_during_an_outage_returns_the_batch_to_the_queue(broker_url, database, publications, register, broker):
    log = Log()
    log.away = True
    async with running(log.consumer(broker_url, database).run) as stop:
        await eventually(partial(broker.depth, QUEUE), 0)
        await broker.send(register("ada"), publications, queue=QUEUE)
        await eventually(lambda: log.calls > 0)
        stop.set()
    await eventually(partial(broker.depth, QUEUE), 1)


async def test_a_waiting_message_is_not_acknowledged_with_later_ones_at_a_stop(
    broker_url, database, publications, register, broker
):
    log, others = Log(), Log()
    log.away = True
    subscriptions: list[AnySubscription] = [
        BatchSubscription(identity.UserRegistered, log.append, batch_max=2, wait_ms_max=600_000),
        BatchSubscription(identity.WalletAddressIssued, others.append, batch_max=2, wait_ms_max=600_000),
    ]
    bob = register("bob")
    issued = Publications("identity", {type(bob): address_issued})
    async with running(Consumer(broker_url, "payments", subscriptions, database=database).run):
        await eventually(partial(broker.depth, QUEUE), 0)
    await broker.send(register("ada"), publications, queue=QUEUE)
    await broker.send(bob, issued, queue=QUEUE)
    async with running(Consumer(broker_url, "payments", subscriptions, database=database).run) as stop:
        await eventually(lambda: log.calls > 0)
        stop.set()
    await eventually(partial(broker.depth, QUEUE), 2)
    assert others.entries == {}


async def test_messages_after_a_bad_one_of_another_type_are_handled_with_their_batch(
    broker_url, database, publications, register, broker
):
    log, others = Log(), Log()
    log.refuses = {"ada"}
    subscriptions: list[AnySubscription] = [
        BatchSubscription(identity.UserRegistered, log.append, batch_max=3, wait_ms_max=600_000),
        BatchSubscription(identity.WalletAddressIssued, others.append, batch_max=3, wait_ms_max=600_000),
    ]
    bob = register("bob")
    issued = Publications("identity", {type(bob): address_issued})
    async with running(Consumer(broker_url, "payments", subscriptions, database=database).run):
        await eventually(partial(broker.depth, QUEUE), 0)
        await broker.send(register("ada"), publications, queue=QUEUE)
        await broker.send(register("eve"), publications, queue=QUEUE)
        await broker.send(bob, issued, queue=QUEUE)
        await eventually(others.count, 1)
    assert (list(log.entries.values()), list(others.entries.values())) == (["eve"], ["bob"])
    assert (await broker.depth(QUEUE), await broker.depth(f"{QUEUE}.dead")) == (0, 1)


async def test_no_handler_gets_more_messages_than_it_accepts(broker_url, database, publications, register, broker):
    log, others = Log(), Log()
    subscriptions: list[AnySubscription] = [
        BatchSubscription(identity.UserRegistered, log.append, batch_max=2, wait_ms_max=600_000),
        BatchSubscription(identity.WalletAddressIssued, others.append, batch_max=5, wait_ms_max=600_000),
    ]
    issued = Publications("identity", {type(register("bob")): address_issued})
    async with running(Consumer(broker_url, "payments", subscriptions, database=database).run):
        await eventually(partial(broker.depth, QUEUE), 0)
        for number in range(5):
            await broker.send(register("ada", number), publications, queue=QUEUE)
        await eventually(log.count, 5)
        for _ in range(5):
            await broker.send(register("bob"), issued, queue=QUEUE)
        await eventually(others.count, 5)
    # Both collect as many messages as the larger batch.
    assert (log.batches, log.numbers, others.batches) == ([2, 2, 1], [0, 1, 2, 3, 4], [5])
    assert await broker.depth(QUEUE) == 0


async def test_batches_survive_lost_connections_without_loss(
    broker_url, database, outbox, publications, register, fault_proxy_to
):
    log = Log()
    proxy, url = await fault_proxy_to(broker_url)
    async with running(Relay(outbox.url, broker_url, publications).run, log.consumer(url, database, batch_max=20).run):
        for round_ in range(8):
            log.called.clear()
            await outbox.write(*(register(f"user-{round_}-{number}") for number in range(50)))
            await log.called.wait()
            proxy.cut()
        await eventually(log.count, 400)
