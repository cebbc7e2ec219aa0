"""Messages whose handling fails: tried again, and at last a dead letter."""

import asyncio
from functools import partial

import aio_pika
import pytest

from chassis.messaging.acknowledgement import Failure
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import AlreadyExists, DomainError, Kind, Unavailable
from libs.chassis.tests.messaging.payments_consumer import QUEUE, consume, handle_nothing, ready


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
    async with running(consume(broker_url, handle_nothing).run):
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
