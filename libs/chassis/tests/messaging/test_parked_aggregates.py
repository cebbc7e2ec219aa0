"""A message that cannot be handled stops its aggregate and no other, and the aggregate's order holds until it is released."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from sqlalchemy import text

from chassis.messaging.acknowledgement import Acknowledger
from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import AnySubscription, Publications, Subscription
from chassis.messaging.failure import FAULTS_MAX
from chassis.messaging.parked_letters import ParkedLetters
from chassis.messaging.parked_table import ParkedTable
from chassis.messaging.reports import Outcome
from chassis.persistence.database import Database
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import AlreadyExists, StaleVersion, Unavailable
from libs.chassis.tests.messaging.payments_consumer import QUEUE, consume, die_with_message, handle_nothing, ready


@pytest.fixture(autouse=True)
def prompt_rounds(monkeypatch) -> None:
    monkeypatch.setattr("chassis.messaging.parked_worker.POLL_SECONDS", 0.05)


@pytest.fixture
def letters(database) -> ParkedLetters:
    return ParkedLetters(database, {})


class Parked:
    """What the database and the broker hold of messages that were not handled."""

    def __init__(self, database, broker) -> None:
        self._database = database
        self._broker = broker

    async def messages(self) -> list[tuple[str, int]]:
        async with self._database.read() as connection:
            rows = await connection.execute(text("SELECT body FROM parked_messages ORDER BY position"))
        events = [identity.UserRegistered.FromString(row.body) for row in rows]
        return [(event.user_id, int(event.wallet_address)) for event in events]

    async def count(self) -> int:
        return len(await self.messages())

    async def attempts(self) -> list[tuple[str, int, bool]]:
        """Return (code, attempts, whether another attempt follows) of each parked aggregate."""
        async with self._database.read() as connection:
            query = "SELECT code, attempts, retry_at IS NOT NULL FROM parked_aggregates ORDER BY aggregate_id"
            return [(row[0], row[1], row[2]) for row in await connection.execute(text(query))]

    async def is_empty(self) -> bool:
        return not await self.attempts() and not await self.count()

    async def left_in_broker(self) -> int:
        names = (QUEUE, f"{QUEUE}.dead", *(f"{QUEUE}.retry.{seconds}" for seconds in (1, 5, 30, 120)))
        return sum([await self._broker.depth(name) for name in names])


@pytest.fixture
def parked(database, broker) -> Parked:
    return Parked(database, broker)


@pytest.fixture
def send(broker, publications, register):
    """Send a user's events with these numbers to the queue."""

    async def run(user: str, *numbers: int, **options) -> None:
        for number in numbers:
            await broker.send(register(user, number), publications, queue=QUEUE, **options)

    return run


class Flawed:
    """A handler that raises once for each (user, number) in `faults`, and then records."""

    def __init__(self, record: Callable[..., Awaitable[None]], **faults: Exception) -> None:
        self._record = record
        self.faults: dict[tuple[str, int], Exception] = {(user, 1): fault for user, fault in faults.items()}

    async def __call__(self, delivery) -> None:
        if fault := self.faults.pop((delivery.message.user_id, int(delivery.message.wallet_address)), None):
            raise fault
        await self._record(delivery)


@pytest.mark.parametrize("fault", [StaleVersion(), Unavailable(), ConnectionRefusedError()], ids=["transient", "away", "network"])
async def test_a_message_that_may_succeed_waits_in_place_and_later_ones_wait_behind_it(
    fault, broker_url, database, effects, broker, send, parked
):
    async with running(consume(broker_url, database, Flawed(effects.record, ada=fault)).run):
        await ready(broker)
        await send("ada", 1, 2, 3)
        await eventually(effects.count, 3)
    assert await effects.rows() == [("ada", 1), ("ada", 2), ("ada", 3)]
    assert await parked.is_empty()
    assert await parked.left_in_broker() == 0


@pytest.mark.parametrize("fault", [AlreadyExists(), KeyError("no")], ids=["refused", "defect"])
async def test_a_refused_message_and_a_defect_park_their_aggregate_at_once(
    fault, broker_url, database, effects, broker, send, parked, letters
):
    async with running(consume(broker_url, database, Flawed(effects.record, ada=fault)).run):
        await ready(broker)
        await send("ada", 1, 2, 3)
        await send("bob", 1)
        await eventually(parked.count, 3)
        await eventually(effects.count, 1)
        assert [(attempts, again) for _, attempts, again in await parked.attempts()] == [(1, False)]
        assert await parked.left_in_broker() == 0
        await letters.release(queue=None, aggregate="ada")
        await eventually(parked.is_empty)
        await send("ada", 4)
        await eventually(effects.count, 5)
    assert await effects.rows() == [("bob", 1), ("ada", 1), ("ada", 2), ("ada", 3), ("ada", 4)]


async def test_unreadable_messages_park_their_aggregate(broker_url, database, effects, broker, send, parked, letters):
    async with running(consume(broker_url, database, effects.record).run):
        await ready(broker)
        await send("ada", 1, body=b"\n\x03ada\x12\x011\xff")
        await send("ada", 2)
        await eventually(partial(count_rows, database, "parked_messages"), 2)
        (letter,) = await letters.find(queue=QUEUE, limit=10)
        assert await letters.discard(letter)
        await eventually(effects.count, 1)
        await eventually(parked.is_empty)
    assert await effects.rows() == [("ada", 2)]


async def count_rows(database, table: str) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")))  # a test's own table


async def test_a_thousand_others_pass_while_one_aggregate_is_parked(broker_url, database, publications, register, broker, parked):
    handled: list[str] = []

    async def handle(delivery) -> None:
        if delivery.message.user_id == "ada":
            raise ZeroDivisionError
        handled.append(delivery.message.user_id)

    others = [register(f"user-{number}") for number in range(1000)]
    events = [register("ada", 1), *others[:500], register("ada", 2), *others[500:], register("ada", 3)]
    async with running(consume(broker_url, database, handle).run):
        await ready(broker)
        await broker.send_all(events, publications, queue=QUEUE)
        await eventually(lambda: len(handled), 1000)
        await eventually(parked.messages, [("ada", 1), ("ada", 2), ("ada", 3)])
    assert sorted(handled) == sorted(event.user_id for event in others)


def address_issued(event) -> identity.WalletAddressIssued:
    return identity.WalletAddressIssued(user_id=event.user_id, address=str(event.number))


async def test_others_pass_while_one_handlers_dependency_is_away_though_its_messages_fill_the_prefetch(
    broker_url, database, broker, publications, register, effects, parked, monkeypatch
):
    monkeypatch.setattr("chassis.messaging.verdicts.AWAY_SECONDS", 0)
    peer, others = asyncio.Event(), []

    async def calls_peer(delivery) -> None:
        if not peer.is_set():
            raise Unavailable
        await effects.record(delivery)

    async def calls_nothing(delivery) -> None:
        others.append(delivery.message.user_id)

    subscriptions: list[AnySubscription] = [
        Subscription(identity.UserRegistered, calls_peer),
        Subscription(identity.WalletAddressIssued, calls_nothing),
    ]
    issued = Publications("identity", {type(register("bob")): address_issued})
    async with running(Consumer(broker_url, "payments", subscriptions, database=database, prefetch=5).run):
        await ready(broker)
        waiting = [register(f"user-{user}", number) for number in range(3) for user in range(10)]
        await broker.send_all(waiting, publications, queue=QUEUE)
        await broker.send_all([register(f"other-{number}") for number in range(30)], issued, queue=QUEUE)
        await eventually(lambda: len(others), 30)
        peer.set()
        await eventually(effects.count, 30)
        await eventually(parked.is_empty)
    assert sorted(others) == sorted(f"other-{number}" for number in range(30))
    rows = await effects.rows()
    assert all([n for name, n in rows if name == f"user-{user}"] == [0, 1, 2] for user in range(10))
    assert await parked.left_in_broker() == 0


async def test_a_loss_between_parking_and_acknowledgement_parks_the_message_once(
    broker_url, database, effects, broker, send, parked, letters, monkeypatch
):
    acknowledge = Acknowledger.done
    lost: list[str | None] = []

    async def lose(self, message, outcome, **options) -> None:
        if outcome is Outcome.PARKED and len(lost) < 2:
            lost.append(message.message_id)
            raise ConnectionResetError
        await acknowledge(self, message, outcome, **options)

    monkeypatch.setattr(Acknowledger, "done", lose)
    async with running(consume(broker_url, database, Flawed(effects.record, ada=AlreadyExists())).run):
        await ready(broker)
        await send("ada", 1, 2, 3)
        await eventually(parked.messages, [("ada", 1), ("ada", 2), ("ada", 3)])
        await eventually(partial(broker.depth, QUEUE), 0)
        await letters.release(queue=QUEUE, aggregate=None)
        await eventually(parked.is_empty)
    assert len(lost) == 2
    assert await effects.rows() == [("ada", 1), ("ada", 2), ("ada", 3)]


async def test_the_next_consumer_adds_to_the_parked_messages_and_releases_them_in_order(
    broker_url, database, effects, broker, send, parked, letters
):
    stop_first = asyncio.Event()
    first = asyncio.create_task(consume(broker_url, database, Flawed(effects.record, ada=AlreadyExists())).run(stop_first))
    await ready(broker)
    await send("ada", 1)
    async with running(consume(broker_url, database, effects.record).run):
        await eventually(parked.count, 1)
        stop_first.set()
        await first
        await send("ada", 2, 3)
        await eventually(parked.count, 3)
        assert await effects.rows() == []
        await letters.release(queue=None, aggregate=None)
        await eventually(parked.is_empty)
        await send("ada", 4)
        await eventually(effects.count, 4)
    assert await effects.rows() == [("ada", 1), ("ada", 2), ("ada", 3), ("ada", 4)]


async def test_a_consumer_that_gets_no_message_tries_what_is_due(broker_url, database, effects, broker, send, parked, letters):
    async with running(consume(broker_url, database, Flawed(effects.record, ada=AlreadyExists())).run):
        await ready(broker)
        await send("ada", 1)
        await eventually(parked.count, 1)
    await letters.release(queue=None, aggregate=None)
    async with running(consume(broker_url, database, effects.record).run):
        await eventually(effects.rows, [("ada", 1)])
        await eventually(parked.is_empty)


async def test_arrivals_during_a_release_take_effect_after_it(broker_url, database, effects, broker, send, parked, letters):
    entered, go_on, tries = asyncio.Event(), asyncio.Event(), 0

    async def handle(delivery) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise AlreadyExists
        entered.set()
        await go_on.wait()
        await effects.record(delivery)

    async with running(consume(broker_url, database, handle).run):
        await ready(broker)
        await send("ada", 1, 2)
        await eventually(parked.count, 2)
        await letters.release(queue=QUEUE, aggregate="ada")
        await entered.wait()
        await send("ada", 3, 4)
        await eventually(parked.count, 4)
        assert await effects.rows() == []
        go_on.set()
        await eventually(effects.count, 4)
        await eventually(parked.is_empty)
    assert await effects.rows() == [("ada", 1), ("ada", 2), ("ada", 3), ("ada", 4)]


async def test_a_released_message_that_fails_again_is_parked_again(broker_url, database, effects, broker, send, parked, letters):
    handler = Flawed(effects.record, ada=AlreadyExists())
    async with running(consume(broker_url, database, handler).run):
        await ready(broker)
        await send("ada", 1, 2)
        await eventually(parked.count, 2)
        handler.faults = {("ada", 1): KeyError(), ("ada", 2): AlreadyExists()}
        await letters.release(queue=None, aggregate="ada")
        await eventually(parked.attempts, [("SRV_001", 1, False)])
        assert (await effects.rows(), await parked.count()) == ([], 2)
        await letters.release(queue=None, aggregate="ada")
        await eventually(parked.attempts, [("RES_002", 1, False)])
        assert (await effects.rows(), await parked.messages()) == ([("ada", 1)], [("ada", 2)])


async def test_attempts_of_a_transient_fault_end_and_wait_for_an_operator(
    broker_url, database, effects, broker, send, parked, letters, monkeypatch
):
    monkeypatch.setattr("chassis.messaging.verdicts.RETRY_SECONDS", (0,))
    attempts: list[int] = []

    async def handle(delivery) -> None:
        attempts.append(delivery.attempt)
        if len(attempts) <= 10:
            raise StaleVersion
        await effects.record(delivery)

    async with running(consume(broker_url, database, handle).run):
        await ready(broker)
        await send("ada", 1)
        await eventually(parked.attempts, [("RES_003", 10, False)])
        # Three attempts in place, each the message's first delivery.
        assert attempts == [1, 1, 1, 4, 5, 6, 7, 8, 9, 10]
        await letters.release(queue=None, aggregate=None)
        await eventually(effects.count, 1)


@pytest.fixture
async def proxied(database_urls, fault_proxy_to):
    """A fault proxy in front of the database, and the consumer's connections through it."""
    proxy, url = await fault_proxy_to(database_urls.app)
    database = Database.connect(url, pool_size=5)
    yield proxy, database
    await database.close()


async def test_messages_wait_for_their_database_without_being_parked(
    broker_url, proxied, effects, publications, broker, send, parked
):
    proxy, database = proxied
    through_proxy, tried = type(effects)(database, publications), []

    async def handle(delivery) -> None:
        tried.append(int(delivery.message.wallet_address))
        await through_proxy.record(delivery)

    async with running(consume(broker_url, database, handle).run):
        await ready(broker)
        await send("ada", 0)
        await eventually(effects.count, 1)
        proxy.refuse()
        await send("ada", 1, 2, 3)
        await eventually(lambda: tried.count(1) >= 3)
        await proxy.heal()
        await eventually(effects.count, 4)
    assert await effects.rows() == [("ada", number) for number in range(4)]
    assert await parked.is_empty()
    assert await parked.left_in_broker() == 0


async def test_a_message_that_killed_its_consumers_is_parked_before_the_broker_gives_it_up(
    broker_url, database, effects, broker, send, parked
):
    async with running(consume(broker_url, database, handle_nothing).run):
        await ready(broker)
    await send("ada", 1)
    assert await die_with_message(broker_url, broker, times=20) == 20
    await send("ada", 2)
    async with running(consume(broker_url, database, effects.record).run):
        await eventually(effects.rows, [("ada", 1), ("ada", 2)])
        await eventually(parked.is_empty)
    assert await broker.depth(f"{QUEUE}.dead") == 0


async def test_a_message_that_the_table_cannot_hold_is_a_dead_letter(broker_url, database, effects, broker, send, parked):
    async with running(consume(broker_url, database, Flawed(effects.record, ada=AlreadyExists())).run):
        await ready(broker)
        await send("ada", 1, traceparent="\0")
        await send("ada", 2)
        await eventually(effects.rows, [("ada", 2)])
        await eventually(partial(broker.depth, f"{QUEUE}.dead"), 1)
    assert await parked.is_empty()


async def test_messages_of_an_unknown_type_wait_in_order_for_the_release_that_handles_them(
    broker_url, database, effects, broker, send, publications, register, parked, monkeypatch
):
    monkeypatch.setattr("chassis.messaging.verdicts.UNKNOWN_TYPE_SECONDS", 0)
    monkeypatch.setattr("chassis.messaging.parked_worker.POLL_SECONDS", 0.01)
    issued, users = Publications("identity", {type(register("bob")): address_issued}), []

    async def handle(delivery) -> None:
        users.append(type(delivery.message).__name__)

    both: list[AnySubscription] = [
        Subscription(identity.UserRegistered, handle),
        Subscription(identity.WalletAddressIssued, handle),
    ]
    tries, end = [], ParkedTable.end

    async def note(table, aggregate, verdict) -> None:
        tries.append(verdict.attempts)
        await end(table, aggregate, verdict)

    monkeypatch.setattr(ParkedTable, "end", note)
    async with running(consume(broker_url, database, handle).run):
        await ready(broker)
        await broker.send(register("ada", 1), issued, queue=QUEUE)
        await send("ada", 2)
        await eventually(partial(count_rows, database, "parked_messages"), 2)
        # More attempts than those of a fault.
        await eventually(lambda: len(tries) > FAULTS_MAX)
        assert not any(tries)
    async with running(Consumer(broker_url, "payments", both, database=database).run):
        await eventually(parked.is_empty)
    assert users == ["WalletAddressIssued", "UserRegistered"]


async def test_a_full_look_is_followed_by_the_next_one_without_a_pause(
    broker_url, database, effects, broker, send, publications, register, parked, letters, monkeypatch
):
    names = [f"user-{number:02}" for number in range(50)]
    async with running(consume(broker_url, database, Flawed(effects.record, **dict.fromkeys(names, AlreadyExists()))).run):
        await ready(broker)
        await broker.send_all([register(name, 1) for name in names], publications, queue=QUEUE)
        await eventually(parked.count, 50)
    await letters.release(queue=None, aggregate=None)
    # The pause after a look that was not full would not end within this test.
    monkeypatch.setattr("chassis.messaging.parked_worker.POLL_SECONDS", 3_600)
    async with running(consume(broker_url, database, effects.record).run):
        await eventually(effects.count, 50)
        await eventually(parked.is_empty)
