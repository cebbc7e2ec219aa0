"""The consumer: one effect a message, retries that wait, dead letters for what cannot be done."""

import asyncio
from functools import partial

import aio_pika
import pytest

from chassis.messaging.acknowledgement import Failure
from chassis.messaging.connection import BROKER_ERRORS
from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import BatchSubscription, Subscription
from chassis.messaging.relay import Relay
from chassis.persistence.delivery import Delivery
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import AlreadyExists, DomainError, Kind, Unavailable

QUEUE = "payments.identity"


def consume(broker_url, handler, **options) -> Consumer:
    return Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, handler)], **options)


async def ready(broker) -> None:
    await eventually(partial(broker.depth, QUEUE), 0)


async def test_event_takes_effect_and_leaves_the_queue(broker_url, outbox, publications, register, effects, broker):
    relay = Relay(outbox.url, broker_url, publications)
    async with running(relay.run, consume(broker_url, effects.record).run):
        await outbox.write(register("ada", 1), register("bob", 2))
        await eventually(effects.count, 2)
        await outbox.wait_empty()
    assert sorted(await effects.rows()) == [("ada", 1), ("bob", 2)]
    assert await broker.depth(QUEUE) == 0


async def test_message_delivered_twice_has_one_effect(broker_url, publications, register, effects, broker):
    event = register("ada", 1)
    async with running(consume(broker_url, effects.record).run):
        await ready(broker)
        for _ in range(5):
            await broker.send(event, publications, queue=QUEUE)
        await broker.send(register("bob", 2), publications, queue=QUEUE)
        await eventually(effects.count, 2)
    assert sorted(await effects.rows()) == [("ada", 1), ("bob", 2)]
    assert await broker.depth(QUEUE) == 0
    assert await broker.depth(f"{QUEUE}.dead") == 0


async def test_events_of_an_aggregate_are_handled_in_order_and_others_beside_them(
    broker_url, outbox, publications, register, effects
):
    running_now, most, barrier = 0, 0, asyncio.Barrier(3)

    async def slow(delivery) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        number = int(delivery.message.wallet_address)
        if number == 0:
            await barrier.wait()
        # The earlier the event, the longer it takes: only order keeps them in order.
        for _ in range(10 - number):
            await asyncio.sleep(0)
        await effects.record(delivery)
        running_now -= 1

    events = [register(user, number) for number in range(10) for user in ("ada", "bob", "eve")]
    async with running(Relay(outbox.url, broker_url, publications).run, consume(broker_url, slow).run):
        await outbox.write(*events)
        await eventually(effects.count, 30)
    for user in ("ada", "bob", "eve"):
        assert [number for name, number in await effects.rows() if name == user] == list(range(10))
    assert most == 3


async def test_transient_failure_is_tried_again_after_a_second(broker_url, publications, register, effects, broker):
    tries: list[tuple[float, int]] = []

    async def fails_once(delivery) -> None:
        tries.append((asyncio.get_running_loop().time(), delivery.attempt))
        if len(tries) == 1:
            raise Unavailable
        await effects.record(delivery)

    async with running(consume(broker_url, fails_once).run):
        await ready(broker)
        await broker.send(register("ada", 1), publications, queue=QUEUE)
        await eventually(effects.count, 1)
    (first, attempt_1), (second, attempt_2) = tries
    assert second - first > 0.9
    assert (attempt_1, attempt_2) == (1, 2)
    assert await broker.depth(f"{QUEUE}.retry.1") == 0


async def test_handler_is_told_all_that_the_message_says(broker_url, publications, register, broker):
    seen: list[Delivery] = []

    async def look(delivery) -> None:
        seen.append(delivery)

    event, parent = register("ada", 1), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with running(consume(broker_url, look).run):
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


async def test_message_that_is_tried_again_differs_only_in_its_tries(broker_url, publications, register, broker):
    async def fails(_delivery) -> None:
        raise ZeroDivisionError

    event = register("ada", 1)
    async with running(consume(broker_url, fails).run):
        await ready(broker)
        # Where nothing takes it away before it is looked at: the queue of two minutes.
        await broker.send(event, publications, queue=QUEUE, **{"elcorp-attempt": 7, "elcorp-faults": 3})
        await eventually(partial(broker.depth, f"{QUEUE}.retry.120"), 1)
    message, sent = await broker.take(f"{QUEUE}.retry.120"), publications.encode(event)
    assert (message.message_id, message.type, message.app_id) == (str(event.event_id), sent.type, "identity")
    assert (message.body, message.content_type, message.delivery_mode) == (sent.payload, "application/protobuf", 2)
    told = {name: value for name, value in message.headers.items() if name != "x-delivery-count"}
    assert told == {**sent.headers, "elcorp-attempt": 8, "elcorp-faults": 4}


async def test_tries_end(broker_url, publications, register, broker):
    """Nine faults of the handler, or 999 tries while a dependency is away, leave one more try; one more does not."""

    async def fails(delivery) -> None:
        raise ZeroDivisionError if delivery.message.user_id == "ada" else Unavailable

    async with running(consume(broker_url, fails).run):
        await ready(broker)
        for user, attempts, faults in (("ada", 20, 8), ("ada", 20, 9), ("bob", 998, 0), ("bob", 999, 0)):
            tries = {"elcorp-attempt": attempts, "elcorp-faults": faults}
            await broker.send(register(user), publications, queue=QUEUE, **tries)
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 2)
        await eventually(partial(broker.depth, f"{QUEUE}.retry.120"), 2)
    for queue, expected in (("dead", [("ada", 9), ("bob", 0)]), ("retry.120", [("ada", 9), ("bob", 0)])):
        messages = [await broker.take(f"{QUEUE}.{queue}") for _ in range(2)]
        users = [identity.UserRegistered.FromString(message.body).user_id for message in messages]
        faults_told = [message.headers["elcorp-faults"] for message in messages]
        assert sorted(zip(users, faults_told, strict=True)) == expected


@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_may_pass_is_tried_again_and_only_absence_is_no_fault(kind):
    failure = Failure.of(type("Refusal", (DomainError,), {"kind": kind, "__doc__": "No."})())
    assert failure
    assert failure.transient == (kind in {Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED, Kind.STALE})
    assert failure.dependency_away == (kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED})


async def test_handler_that_hangs_is_ended_and_its_message_tried_again(broker_url, publications, register, broker, monkeypatch):
    monkeypatch.setattr("chassis.messaging.queue_worker.HANDLER_SECONDS_MAX", 0.05)
    ended: list[int] = []

    async def hangs(delivery) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(delivery.attempt)

    async with running(consume(broker_url, hangs).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE)
        await eventually(lambda: ended[:2], [1, 2])


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 1), (1, 5)])
async def test_second_retry_waits_longer(attempt, seconds, broker_url, publications, register, broker):
    async def fails(_delivery) -> None:
        raise Unavailable

    async def one_waits() -> bool:
        # One more each time: the first may have waited its second before anybody looked.
        await broker.send(register("ada", 1), publications, queue=QUEUE, **{"elcorp-attempt": attempt})
        return bool(await broker.depth(f"{QUEUE}.retry.{seconds}") > 0)

    async with running(consume(broker_url, fails).run):
        await ready(broker)
        await eventually(one_waits)


async def test_handler_at_fault_ends_in_the_dead_letters_and_an_absent_dependency_does_not(
    broker_url, publications, register, broker
):
    async def fails(delivery) -> None:
        if delivery.message.user_id == "ada":
            raise ZeroDivisionError
        raise Unavailable

    spent = {"elcorp-attempt": 9, "elcorp-faults": 9}
    async with running(consume(broker_url, fails).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE, **spent)
        await broker.send(register("bob"), publications, queue=QUEUE, **spent)
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 1)
        await eventually(partial(broker.depth, f"{QUEUE}.retry.120"), 1)


async def test_refused_and_unreadable_messages_are_dead_letters_at_once(broker_url, publications, register, broker):
    seen = []

    async def refuses(delivery) -> None:
        seen.append(delivery.message.user_id)
        raise AlreadyExists

    async with running(consume(broker_url, refuses).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE)
        await broker.send(register("bob"), publications, queue=QUEUE, body=b"\xff\xff\xff")
        await broker.send(register("eve"), publications, queue=QUEUE, **{"cloudEvents:time": "yesterday"})
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 3)
    assert seen == ["ada"]
    assert await broker.depth(QUEUE) == 0


async def test_message_whose_consumers_die_is_dead_after_the_delivery_limit(broker_url, publications, register, broker):
    """A consumer that is killed in mid-message gives it back; twenty times, then it is somebody's to look at."""
    async with running(consume(broker_url, _nothing).run):
        await ready(broker)
    await broker.send(register("ada"), publications, queue=QUEUE)
    deaths = 0
    while await broker.depth(f"{QUEUE}.dead") == 0:
        async with await aio_pika.connect(broker_url) as connection:
            queue = await (await connection.channel()).get_queue(QUEUE)
            taken = asyncio.Event()

            async def take(_message, taken=taken) -> None:
                taken.set()

            async def is_dead(taken=taken) -> bool:
                return taken.is_set() or bool(await broker.depth(f"{QUEUE}.dead") == 1)

            await queue.consume(take)
            # Either it comes again, or the broker is just putting it with the dead.
            await eventually(is_dead)
            deaths += taken.is_set()
    assert deaths == 21


async def _nothing(_delivery) -> None: ...


async def test_stop_lets_the_handler_in_hand_finish(broker_url, publications, register, effects, broker):
    entered, told_to_stop = asyncio.Event(), asyncio.Event()

    async def slow(delivery) -> None:
        entered.set()
        await told_to_stop.wait()
        await effects.record(delivery)

    async with running(consume(broker_url, slow).run):
        await ready(broker)
        await broker.send(register("ada", 1), publications, queue=QUEUE)
        await entered.wait()
        told_to_stop.set()
    assert await effects.rows() == [("ada", 1)]
    assert await broker.depth(QUEUE) == 0


@pytest.mark.parametrize(("stop_grace_seconds", "loss_grace_seconds", "finishes"), [(60, 0, True), (0.05, 60, False)])
async def test_a_stop_has_its_own_grace(
    broker_url, publications, register, broker, monkeypatch, stop_grace_seconds, loss_grace_seconds, finishes
):
    monkeypatch.setattr("chassis.messaging.consumer.LOSS_GRACE_SECONDS", loss_grace_seconds)
    entered, told_to_stop, cancelled, finished = (asyncio.Event() for _ in range(4))

    async def handle(_delivery) -> None:
        entered.set()
        try:
            await told_to_stop.wait()
            # Longer than it takes to stop consuming, or for ever.
            for _ in range(5):
                await broker.depth(QUEUE)
            if not finishes:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        finished.set()

    async with running(consume(broker_url, handle, stop_grace_seconds=stop_grace_seconds).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE)
        await entered.wait()
        told_to_stop.set()
    assert (finished.is_set(), cancelled.is_set()) == (finishes, not finishes)
    # What was cut is there for the next process.
    await eventually(partial(broker.depth, QUEUE), 0 if finishes else 1)


async def test_a_message_that_was_handed_out_before_says_so(broker_url, publications, register, broker):
    seen: list[tuple[int, bool]] = []

    async def look(delivery) -> None:
        seen.append((delivery.attempt, delivery.redelivered))

    async with running(consume(broker_url, _nothing).run):
        await ready(broker)
    await broker.send(register("ada"), publications, queue=QUEUE)
    async with await aio_pika.connect(broker_url) as connection:
        taken = asyncio.Event()

        async def take(_message) -> None:
            taken.set()

        await (await (await connection.channel()).get_queue(QUEUE)).consume(take)
        await taken.wait()
    async with running(consume(broker_url, look).run):
        await eventually(lambda: len(seen), 1)
        await broker.send(register("bob"), publications, queue=QUEUE)
        await eventually(lambda: len(seen), 2)
    assert seen == [(1, True), (1, False)]


async def test_consumer_comes_back_after_the_connection_is_cut(
    broker_url, publications, register, effects, broker, fault_proxy_to
):
    proxy, url = await fault_proxy_to(broker_url)
    async with running(consume(url, effects.record).run):
        await ready(broker)
        for number in range(5):
            await broker.send(register("ada", number), publications, queue=QUEUE)
            await eventually(effects.count, number + 1)
            proxy.cut()
    assert await effects.rows() == [("ada", number) for number in range(5)]


async def test_consumer_comes_back_when_its_queue_was_deleted(broker_url, publications, register, effects, broker, management):
    ada = register("ada", 1)

    async def is_sent() -> bool:
        try:
            await broker.send(ada, publications, queue=QUEUE)
        except BROKER_ERRORS:
            return False
        return True

    async with running(consume(broker_url, effects.record).run):
        await ready(broker)
        await broker.delete(QUEUE, management, dead=f"{QUEUE}.dead")
        await ready(broker)
        # For a moment the broker may stumble over the queue that was (INTERNAL_ERROR); the relay, too, would try again.
        await eventually(is_sent)
        await eventually(effects.count, 1)


async def test_message_is_kept_when_its_retry_queue_is_gone(broker_url, publications, register, effects, broker, management):
    """The copy for the retry queue comes back unroutable: the message stays, and the next session makes the queue again."""
    tries = 0

    async def fails_twice(delivery) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise Unavailable
        await effects.record(delivery)

    async with running(consume(broker_url, fails_twice).run):
        await ready(broker)
        await broker.delete(f"{QUEUE}.retry.1", management, dead=f"{QUEUE}.dead")
        await broker.send(register("ada", 1), publications, queue=QUEUE)
        await eventually(effects.count, 1)
    assert tries == 3


async def test_second_process_stands_by_and_takes_over(broker_url, publications, register, broker):
    heard: dict[str, list[int]] = {"first": [], "second": []}

    def handler(name):
        async def handle(delivery) -> None:
            heard[name].append(int(delivery.message.wallet_address))

        return handle

    async def count(name):
        return len(heard[name])

    stop_first = asyncio.Event()
    first = asyncio.create_task(consume(broker_url, handler("first")).run(stop_first))
    await ready(broker)
    await broker.send(register("ada", 0), publications, queue=QUEUE)
    await eventually(partial(count, "first"), 1)
    async with running(consume(broker_url, handler("second")).run):
        for number in range(1, 5):
            await broker.send(register("ada", number), publications, queue=QUEUE)
        await eventually(partial(count, "first"), 5)
        stop_first.set()
        await first
        await broker.send(register("ada", 5), publications, queue=QUEUE)
        await eventually(partial(count, "second"), 1)
    assert heard == {"first": [0, 1, 2, 3, 4], "second": [5]}


def test_subscription_that_the_contract_does_not_name_is_refused():
    single, batch = (kind(identity.UserRegistered, _nothing) for kind in (Subscription, BatchSubscription))
    with pytest.raises(ValueError, match="does not name compliance"):
        Consumer("amqp://127.0.0.1/", "compliance", [single])
    with pytest.raises(ValueError, match="twice"):
        Consumer("amqp://127.0.0.1/", "payments", [single, batch])
    with pytest.raises(ValueError, match=r"queue payments\.identity mixes batches and single messages"):
        Consumer("amqp://127.0.0.1/", "payments", [single, BatchSubscription(identity.WalletAddressIssued, _nothing)])
