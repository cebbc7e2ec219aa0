"""Messages without an aggregate whose handling fails: they are retried, and finally become dead letters."""

import asyncio
from functools import partial
from secrets import token_hex

import grpc
import psycopg
import pytest
import sqlalchemy.exc

from chassis.messaging.failure import Failure, HandlerTooSlow
from chassis.persistence.delivery import AlreadyHandled
from chassis.rpc import RemoteError
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import AlreadyExists, DomainError, Kind, StaleVersion, Unavailable
from libs.chassis.tests.messaging.payments_consumer import (
    QUEUE,
    UNORDERED,
    consume,
    die_with_message,
    handle_nothing,
    ready,
    without_aggregate,
)


async def test_a_transient_failure_is_retried_after_a_second(broker_url, database, publications, register, effects, broker):
    tries: list[tuple[float, int]] = []

    async def fails_once(delivery) -> None:
        tries.append((asyncio.get_running_loop().time(), delivery.attempt))
        if len(tries) == 1:
            raise Unavailable
        await effects.record(delivery)

    async with running(consume(broker_url, database, fails_once).run):
        await ready(broker)
        await broker.send(register("ada", 1), publications, queue=QUEUE, **UNORDERED)
        await eventually(effects.count, 1)
    (first, attempt_1), (second, attempt_2) = tries
    assert second - first > 0.9
    assert (attempt_1, attempt_2) == (1, 2)
    assert await broker.depth(f"{QUEUE}.retry.1") == 0


async def test_a_retried_message_differs_only_in_its_attempts(broker_url, database, publications, register, broker):
    async def fails(_delivery) -> None:
        raise StaleVersion

    event = register("ada", 1)
    async with running(consume(broker_url, database, fails).run):
        await ready(broker)
        # In the queue of two minutes, so that nothing takes it before the test reads it.
        tries = {"elcorp-attempt": 7, "elcorp-faults": 3}
        await broker.send(event, publications, queue=QUEUE, **UNORDERED, **tries)
        await eventually(partial(broker.depth, f"{QUEUE}.retry.120"), 1)
    message, sent = await broker.take(f"{QUEUE}.retry.120"), publications.encode(event)
    assert (message.message_id, message.type, message.app_id) == (str(event.event_id), sent.type, "identity")
    assert (message.body, message.content_type, message.delivery_mode) == (sent.payload, "application/protobuf", 2)
    headers = {name: value for name, value in message.headers.items() if name != "x-delivery-count"}
    assert headers == {**without_aggregate(sent.headers), "elcorp-attempt": 8, "elcorp-faults": 4}


async def test_retries_end(broker_url, database, publications, register, broker):
    """The tenth failure of the handler, or the thousandth attempt during an outage, makes a message a dead letter."""

    async def fails(delivery) -> None:
        raise StaleVersion if delivery.message.user_id == "ada" else Unavailable

    async with running(consume(broker_url, database, fails).run):
        await ready(broker)
        for user, attempts, faults in (("ada", 20, 8), ("ada", 20, 9), ("bob", 998, 0), ("bob", 999, 0)):
            tries = {"elcorp-attempt": attempts, "elcorp-faults": faults}
            await broker.send(register(user), publications, queue=QUEUE, **UNORDERED, **tries)
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 2)
        await eventually(partial(broker.depth, f"{QUEUE}.retry.120"), 2)
    for queue, expected in (("dead", [("ada", 9), ("bob", 0)]), ("retry.120", [("ada", 9), ("bob", 0)])):
        messages = [await broker.take(f"{QUEUE}.{queue}") for _ in range(2)]
        users = [identity.UserRegistered.FromString(message.body).user_id for message in messages]
        faults_sent = [message.headers["elcorp-faults"] for message in messages]
        assert sorted(zip(users, faults_sent, strict=True)) == expected


def refusal(kind: Kind) -> DomainError:
    refused: DomainError = type("Refusal", (DomainError,), {"kind": kind, "__doc__": "No."})()
    return refused


def from_database(error: type[psycopg.Error]) -> sqlalchemy.exc.DBAPIError:
    return sqlalchemy.exc.DBAPIError("SELECT 1", None, error("no"))


@pytest.mark.parametrize("kind", list(Kind))
def test_the_kind_of_an_error_says_whether_a_retry_may_help_and_whose_fault_it_is(kind):
    failure = Failure.of(refusal(kind))
    assert failure
    assert failure.transient == (kind in {Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED, Kind.STALE})
    assert failure.dependency_away == (kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED})


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (KeyError("secret"), "permanent"),
        (TypeError("secret"), "permanent"),
        (HandlerTooSlow(), "transient"),
        (RemoteError(peer="payments", kind=Kind.INTERNAL, code="SRV_001", message="No.", facts={}), "transient"),
        (TimeoutError(), "away"),
        (ConnectionRefusedError(), "away"),
        (from_database(psycopg.errors.SerializationFailure), "transient"),
        (from_database(psycopg.errors.DeadlockDetected), "transient"),
        (from_database(psycopg.errors.UniqueViolation), "transient"),
        (from_database(psycopg.errors.CheckViolation), "permanent"),
        (from_database(psycopg.errors.ReadOnlySqlTransaction), "away"),
        (from_database(psycopg.errors.IdleInTransactionSessionTimeout), "away"),
        (from_database(psycopg.errors.TransactionTimeout), "away"),
        (psycopg.errors.TransactionTimeout("no"), "away"),
        (from_database(psycopg.errors.InFailedSqlTransaction), "permanent"),
        (psycopg.errors.AdminShutdown("no"), "away"),
        (grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata()), "away"),
    ],
)
def test_an_exception_is_a_defect_unless_a_dependency_or_another_transaction_caused_it(error, fault):
    failure = Failure.of(error)
    assert failure
    assert failure.fault == fault
    assert "secret" not in failure.reason


def test_a_message_that_was_handled_before_has_not_failed():
    assert Failure.of(AlreadyHandled()) is None


async def test_a_handler_that_hangs_is_cancelled_and_its_message_retried(
    broker_url, database, publications, register, broker, monkeypatch
):
    monkeypatch.setattr("chassis.messaging.handlers.HANDLER_SECONDS_MAX", 0.05)
    ended: list[int] = []

    async def hangs(delivery) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(delivery.attempt)

    async with running(consume(broker_url, database, hangs).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE, **UNORDERED)
        await eventually(lambda: ended[:2], [1, 2])


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 1), (1, 5)])
async def test_the_second_retry_waits_longer(attempt, seconds, broker_url, database, publications, register, broker):
    async def fails(_delivery) -> None:
        raise Unavailable

    async def one_waits() -> bool:
        # One more each time: the first may have passed its second before the test reads the queue.
        await broker.send(register("ada", 1), publications, queue=QUEUE, **UNORDERED, **{"elcorp-attempt": attempt})
        return bool(await broker.depth(f"{QUEUE}.retry.{seconds}") > 0)

    async with running(consume(broker_url, database, fails).run):
        await ready(broker)
        await eventually(one_waits)


async def test_defects_end_in_the_dead_letters_and_outages_do_not(broker_url, database, publications, register, broker):
    async def fails(delivery) -> None:
        if delivery.message.user_id == "ada":
            raise ZeroDivisionError
        raise Unavailable

    async with running(consume(broker_url, database, fails).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE, **UNORDERED)
        spent = {"elcorp-attempt": 9, "elcorp-faults": 9}
        await broker.send(register("bob"), publications, queue=QUEUE, **UNORDERED, **spent)
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 1)
        await eventually(partial(broker.depth, f"{QUEUE}.retry.120"), 1)


async def test_refused_and_unreadable_messages_become_dead_letters_at_once(broker_url, database, publications, register, broker):
    seen = []

    async def refuses(delivery) -> None:
        seen.append(delivery.message.user_id)
        raise AlreadyExists

    async with running(consume(broker_url, database, refuses).run):
        await ready(broker)
        await broker.send(register("ada"), publications, queue=QUEUE, **UNORDERED)
        await broker.send(register("bob"), publications, queue=QUEUE, body=b"\xff\xff\xff", **UNORDERED)
        await broker.send(register("eve"), publications, queue=QUEUE, **{**UNORDERED, "cloudEvents:time": "yesterday"})
        await broker.send(register("eve"), publications, queue=QUEUE, **{**UNORDERED, "cloudEvents:time": "2026-03-21T08:00:00"})
        # An aggregate that no index could hold.
        await broker.send(register("eve"), publications, queue=QUEUE, **{"cloudEvents:subject": token_hex(10_000)})
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 5)
    assert seen == ["ada"]
    assert await broker.depth(QUEUE) == 0


async def test_a_message_whose_consumers_die_is_a_dead_letter_after_the_delivery_limit(
    broker_url, database, publications, register, broker
):
    """The message of a killed consumer returns to the queue; after twenty redeliveries it becomes a dead letter."""
    async with running(consume(broker_url, database, handle_nothing).run):
        await ready(broker)
    await broker.send(register("ada"), publications, queue=QUEUE)
    assert await die_with_message(broker_url, broker, times=30) == 21


async def test_a_message_is_kept_if_its_retry_queue_was_deleted(
    broker_url, database, publications, register, effects, broker, management
):
    """The copy for the retry queue is returned as unroutable: the message stays, and the next session declares the queue."""
    tries = 0

    async def fails_twice(delivery) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise Unavailable
        await effects.record(delivery)

    async with running(consume(broker_url, database, fails_twice).run):
        await ready(broker)
        await broker.delete(f"{QUEUE}.retry.1", management, dead=f"{QUEUE}.dead")
        await broker.send(register("ada", 1), publications, queue=QUEUE, **UNORDERED)
        await eventually(effects.count, 1)
    assert tries == 3
