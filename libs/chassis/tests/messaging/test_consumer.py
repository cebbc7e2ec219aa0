"""The consumer: one effect per message, delayed retries, dead letters for messages that cannot be handled."""

import asyncio
from functools import partial

import aio_pika
import pytest

from chassis.messaging.connection import BROKER_ERRORS
from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import BatchSubscription, Subscription
from chassis.messaging.intake import Intake
from chassis.messaging.relay import Relay
from chassis.persistence.delivery import Delivery
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from libs.chassis.tests.messaging.payments_consumer import QUEUE, consume, handle_nothing, ready


async def test_a_handled_event_leaves_the_queue(broker_url, database, outbox, publications, register, effects, broker):
    relay = Relay(outbox.url, broker_url, publications)
    async with running(relay.run, consume(broker_url, database, effects.record).run):
        await outbox.write(register("ada", 1), register("bob", 2))
        await eventually(effects.count, 2)
        await outbox.wait_empty()
    assert sorted(await effects.rows()) == [("ada", 1), ("bob", 2)]
    assert await broker.depth(QUEUE) == 0


async def test_message_delivered_twice_has_one_effect(broker_url, database, publications, register, effects, broker):
    event = register("ada", 1)
    async with running(consume(broker_url, database, effects.record).run):
        await ready(broker)
        for _ in range(5):
            await broker.send(event, publications, queue=QUEUE)
        await broker.send(register("bob", 2), publications, queue=QUEUE)
        await eventually(effects.count, 2)
    assert sorted(await effects.rows()) == [("ada", 1), ("bob", 2)]
    assert await broker.depth(QUEUE) == 0
    assert await broker.depth(f"{QUEUE}.dead") == 0


async def test_events_of_an_aggregate_are_handled_in_order_and_others_in_parallel(
    broker_url, database, outbox, publications, register, effects
):
    running_now, most, barrier = 0, 0, asyncio.Barrier(3)

    async def slow(delivery) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        number = int(delivery.message.wallet_address)
        if number == 0:
            await barrier.wait()
        # The earlier the event, the longer its handling takes, so the order cannot be accidental.
        for _ in range(10 - number):
            await asyncio.sleep(0)
        await effects.record(delivery)
        running_now -= 1

    events = [register(user, number) for number in range(10) for user in ("ada", "bob", "eve")]
    async with running(Relay(outbox.url, broker_url, publications).run, consume(broker_url, database, slow).run):
        await outbox.write(*events)
        await eventually(effects.count, 30)
    for user in ("ada", "bob", "eve"):
        assert [number for name, number in await effects.rows() if name == user] == list(range(10))
    assert most == 3


async def test_the_handler_receives_all_attributes_of_the_message(broker_url, database, publications, register, broker):
    seen: list[Delivery] = []

    async def look(delivery) -> None:
        seen.append(delivery)

    event, parent = register("ada", 1), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with running(consume(broker_url, database, look).run):
        await ready(broker)
        await broker.send(event, publications, queue=QUEUE, traceparent=parent)
        await eventually(lambda: len(seen), 1)
    message = identity.UserRegistered(user_id="ada", wallet_address="1", initial_role="user")
    assert seen == [
        Delivery(
            message_id=event.event_id,
            type="identity.user.registered",
            producer="identity",
            occurred_at=event.occurred_at,
            message=message,
            attempt=1,
            redelivered=False,
            aggregate_id="ada",
            traceparent=parent,
        )
    ]


async def test_a_stop_lets_the_running_handler_finish(broker_url, database, publications, register, effects, broker):
    entered, told_to_stop = asyncio.Event(), asyncio.Event()

    async def slow(delivery) -> None:
        entered.set()
        await told_to_stop.wait()
        await effects.record(delivery)

    async with running(consume(broker_url, database, slow).run):
        await ready(broker)
        await broker.send(register("ada", 1), publications, queue=QUEUE)
        await entered.wait()
        told_to_stop.set()
    assert await effects.rows() == [("ada", 1)]
    assert await broker.depth(QUEUE) == 0


@pytest.mark.parametrize(("stop_grace_seconds", "loss_grace_seconds", "finishes"), [(60, 0, True), (0.05, 60, False)])
async def test_a_stop_has_its_own_grace_period(
    broker_url, database, publications, register, broker, monkeypatch, stop_grace_seconds, loss_grace_seconds, finishes
):
    monkeypatch.setattr("chassis.messaging.consumer.LOSS_GRACE_SECONDS", loss_grace_seconds)
    entered, told_to_stop, cancelled, finished = (asyncio.Event() for _ in range(4))

    async def handle(_delivery) -> None:
        entered.set()
        try:
            await told_to_stop.wait()
            # Longer than stopping the consumer takes, or endlessly.
            for _ in range(5):
                await broker.depth(QUEUE)
            if not finishes:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        finished.set()

    async with running(consume(broker_url, database, handle, stop_grace_seconds=stop_grace_seconds).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE)
        await entered.wait()
        told_to_stop.set()
    assert (finished.is_set(), cancelled.is_set()) == (finishes, not finishes)
    # The interrupted message is there for the next process.
    await eventually(partial(broker.depth, QUEUE), 0 if finishes else 1)


async def test_a_message_delivered_before_is_marked_redelivered(broker_url, database, publications, register, broker):
    seen: list[tuple[int, bool]] = []

    async def look(delivery) -> None:
        seen.append((delivery.attempt, delivery.redelivered))

    async with running(consume(broker_url, database, handle_nothing).run):
        await ready(broker)
    await broker.send(register("ada"), publications, queue=QUEUE)
    async with await aio_pika.connect(broker_url) as connection:
        taken = asyncio.Event()

        async def take(_message) -> None:
            taken.set()

        await (await (await connection.channel()).get_queue(QUEUE)).consume(take)
        await taken.wait()
    async with running(consume(broker_url, database, look).run):
        await eventually(lambda: len(seen), 1)
        await broker.send(register("bob"), publications, queue=QUEUE)
        await eventually(lambda: len(seen), 2)
    assert seen == [(1, True), (1, False)]


async def test_the_consumer_reconnects_after_its_connection_is_cut(
    broker_url, database, publications, register, effects, broker, fault_proxy_to
):
    proxy, url = await fault_proxy_to(broker_url)
    async with running(consume(url, database, effects.record).run):
        await ready(broker)
        for number in range(5):
            await broker.send(register("ada", number), publications, queue=QUEUE)
            await eventually(effects.count, number + 1)
            proxy.cut()
    assert await effects.rows() == [("ada", number) for number in range(5)]


async def test_the_consumer_returns_after_its_queue_was_deleted(
    broker_url, database, publications, register, effects, broker, management
):
    ada = register("ada", 1)

    async def is_sent() -> bool:
        try:
            await broker.send(ada, publications, queue=QUEUE)
        except BROKER_ERRORS:
            return False
        return True

    async with running(consume(broker_url, database, effects.record).run):
        await ready(broker)
        await broker.delete(QUEUE, management, dead=f"{QUEUE}.dead")
        await ready(broker)
        # For a moment the broker may fail on the deleted queue (INTERNAL_ERROR); the relay would retry too.
        await eventually(is_sent)
        await eventually(effects.count, 1)


async def test_a_second_process_stands_by_and_takes_over(broker_url, database, publications, register, broker):
    received: dict[str, list[int]] = {"first": [], "second": []}

    def handler(name):
        async def handle(delivery) -> None:
            received[name].append(int(delivery.message.wallet_address))

        return handle

    async def count(name):
        return len(received[name])

    stop_first = asyncio.Event()
    first = asyncio.create_task(consume(broker_url, database, handler("first")).run(stop_first))
    await ready(broker)
    await broker.send(register("ada", 0), publications, queue=QUEUE)
    await eventually(partial(count, "first"), 1)
    async with running(consume(broker_url, database, handler("second")).run):
        for number in range(1, 5):
            await broker.send(register("ada", number), publications, queue=QUEUE)
        await eventually(partial(count, "first"), 5)
        stop_first.set()
        await first
        await broker.send(register("ada", 5), publications, queue=QUEUE)
        await eventually(partial(count, "second"), 1)
    assert received == {"first": [0, 1, 2, 3, 4], "second": [5]}


async def test_a_stop_gives_the_next_process_no_message_before_those_in_hand(
    broker_url, database, publications, register, broker, monkeypatch
):
    handled: list[tuple[str, int]] = []
    consuming: list[Intake] = []
    begin = Intake.consume
    entered, go_on, stop_first = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def first(delivery) -> None:
        entered.set()
        await go_on.wait()
        handled.append(("first", int(delivery.message.wallet_address)))

    async def second(delivery) -> None:
        handled.append(("second", int(delivery.message.wallet_address)))

    async def note(intake, take) -> None:
        await begin(intake, take)
        consuming.append(intake)

    async def send(*numbers: int) -> None:
        for number in numbers:
            await broker.send(register("ada", number), publications, queue=QUEUE)
        # All are in a consumer's hand.
        await eventually(partial(broker.depth, QUEUE), 0)

    monkeypatch.setattr(Intake, "consume", note)
    leaving = asyncio.create_task(consume(broker_url, database, first).run(stop_first))
    await ready(broker)
    await send(1, 2)
    await entered.wait()
    async with running(consume(broker_url, database, second).run):
        await eventually(lambda: len(consuming), 2)
        stop_first.set()
        # Longer than stopping the consumer takes.
        for _ in range(5):
            await broker.depth(QUEUE)
        await send(3, 4)
        go_on.set()
        await leaving
        await eventually(lambda: len(handled), 4)
    assert handled == [("first", 1), ("second", 2), ("second", 3), ("second", 4)]


def test_a_subscription_missing_in_the_contract_is_refused(database):
    single, batch = (kind(identity.UserRegistered, handle_nothing) for kind in (Subscription, BatchSubscription))
    with pytest.raises(ValueError, match="does not name compliance"):
        Consumer("amqp://127.0.0.1/", "compliance", [single], database=database)
    with pytest.raises(ValueError, match="twice"):
        Consumer("amqp://127.0.0.1/", "payments", [single, batch], database=database)
    with pytest.raises(ValueError, match=r"queue payments\.identity mixes batches and single messages"):
        mixed = [single, BatchSubscription(identity.WalletAddressIssued, handle_nothing)]
        Consumer("amqp://127.0.0.1/", "payments", mixed, database=database)
