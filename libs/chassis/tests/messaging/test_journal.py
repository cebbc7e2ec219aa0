"""The numbers of the journal: gap-free, each committed fact once, whatever the order of commits and however many relays lead."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.errors import UniqueViolation

from chassis.messaging import journal as numbering
from chassis.messaging.contracts import Publications
from chassis.messaging.journal import Journal
from chassis.messaging.leadership import connect as connect_relay
from chassis.messaging.relay import Relay
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, running
from libs.chassis.tests.messaging.facts import numbered, write

WRITERS, STEPS = 5, 200
Connect = Callable[..., Awaitable[AsyncConnection]]


@pytest.fixture
async def connect(database_urls: DatabaseUrls) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def open_(url: str = database_urls.app) -> AsyncConnection:
            return await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True))

        yield open_


@pytest.fixture
def lead(connect: Connect, database_urls: DatabaseUrls) -> Callable[[], Awaitable[Journal]]:
    """Make the journal of a relay that begins to lead."""

    async def begin() -> Journal:
        return Journal(await connect(database_urls.relay))

    return begin


class Writer:
    """One connection that writes in transactions; `committed` has the facts of its committed ones."""

    def __init__(self, connection: AsyncConnection, chance: random.Random) -> None:
        self._connection = connection
        self._chance = chance
        self._written: list[UUID] | None = None
        self.committed: list[UUID] = []

    async def step(self) -> None:
        """Begin a transaction, write in it, or end it."""
        if self._written is None:
            await self._connection.execute("BEGIN")
            self._written = []
        elif self._chance.random() < 0.5:
            self._written += await write(self._connection, self._chance.randrange(1, 4))
        else:
            await self.end(commit=self._chance.random() < 0.8)

    async def end(self, *, commit: bool) -> None:
        await self._connection.execute("COMMIT" if commit else "ROLLBACK")
        self.committed += self._written or [] if commit else []
        self._written = None


@pytest.mark.parametrize("seed", range(3))
async def test_every_committed_fact_gets_one_number(
    seed: int, connect: Connect, lead: Callable[[], Awaitable[Journal]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transactions commit in any order, one of them seldom; relays begin to lead before earlier ones have noticed."""
    monkeypatch.setattr("chassis.messaging.low_water.STEP", 2)
    chance = random.Random(seed)
    writers = [Writer(await connect(), chance) for _ in range(WRITERS)]
    weights = [8] * (WRITERS - 1) + [1]
    leaders = [await lead()]
    for step in range(STEPS):
        await chance.choices(writers, weights)[0].step()
        if step % 50 == 49:
            leaders.append(await lead())
        outcomes = await asyncio.gather(
            *(each.number(limit=chance.choice((1, 3, 200))) for each in chance.sample(leaders, min(2, len(leaders)))),
            return_exceptions=True,
        )
        assert all(isinstance(outcome, int | UniqueViolation) for outcome in outcomes)
    for writer in writers:
        await writer.end(commit=True)
    while await leaders[-1].number():
        pass
    assert sorted(await numbered(await connect())) == sorted(fact for writer in writers for fact in writer.committed)


async def test_a_relay_that_was_overtaken_writes_nothing_and_reads_again(
    connect: Connect, lead: Callable[[], Awaitable[Journal]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, writer = await lead(), await lead(), await connect()
    written = await write(writer, 3)
    last_known_to_old = await old._last()

    async def last() -> Any:
        monkeypatch.undo()
        return last_known_to_old

    assert await new.number(limit=2) == 2
    # The old leader has read before the new one wrote, and writes after it.
    monkeypatch.setattr(old, "_last", last)
    with pytest.raises(UniqueViolation):
        await old.number()
    assert await old.number() == 1
    assert await numbered(writer) == written


async def test_a_fact_that_commits_late_gets_a_later_number(connect: Connect, lead: Callable[[], Awaitable[Journal]]) -> None:
    slow, quick, leader = await connect(), await connect(), await lead()
    await slow.execute("BEGIN")
    late = await write(slow)
    early = await write(quick)
    assert await leader.number() == 1
    await slow.execute("COMMIT")
    assert await leader.number() == 1
    assert await numbered(quick) == early + late


async def test_numbers_are_on_disk_before_anyone_sees_them(connect: Connect, database_urls: DatabaseUrls) -> None:
    await write(await connect())
    async with await connect_relay(database_urls.relay, application_name="relay") as relay:
        await relay.set_autocommit(False)
        await Journal(relay).number()
        ((setting,),) = await (await relay.execute("SHOW synchronous_commit")).fetchall()
    assert setting == "on"


async def test_a_page_costs_the_same_however_long_the_journal_is(
    connect: Connect, database_urls: DatabaseUrls, lead: Callable[[], Awaitable[Journal]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.messaging.low_water.STEP", 2)
    writer, owner, leader = await connect(), await connect(database_urls.owner), await lead()

    async def buffers(mark: int) -> int:
        query = numbering._FETCH.replace("%s", "$1", 1).replace("%s", "$2", 1)
        cursor = await AsyncRawCursor(owner).execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode(), (mark, 500))
        (((plan,),),) = await cursor.fetchall()
        return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])

    async def grow(rows: int) -> int:
        """Return the buffers of a page after the mark has passed these rows; transactions of other tests may hold it back."""
        for _ in range(rows // 500):
            await write(writer, 500)
            await leader.number()
        [(last,)] = await (await owner.execute("SELECT max(position) FROM audit_journal")).fetchall()

        async def passed() -> bool:
            await write(writer)
            await leader.number()
            return leader.low_water.mark >= int(last)

        await eventually(passed)
        successor = await lead()
        await successor.number()
        # The next leader begins where this one was.
        assert successor.low_water.mark >= last
        return await buffers(successor.low_water.mark)

    early = await grow(500)
    late = await grow(5_000)
    # A few rows lie behind the mark, in the order of ten buffers; the index has become ten times as long.
    assert late <= 4 * early
    assert await buffers(0) > 4 * late


async def test_the_relay_numbers_facts_while_the_broker_is_away(
    connect: Connect, database_urls: DatabaseUrls, unused_tcp_port: int
) -> None:
    writer = await connect()
    written = await write(writer, 2)
    relay = Relay(database_urls.relay, f"amqp://127.0.0.1:{unused_tcp_port}/", Publications("doors", {}))
    async with running(relay.run):

        async def all_numbered() -> bool:
            return await numbered(writer) == written

        await eventually(all_numbered)


async def test_two_relays_that_both_lead_number_each_fact_once(connect: Connect, lead: Callable[[], Awaitable[Journal]]) -> None:
    """As after a pause of the first; each reads again when the other was faster."""
    writer = await connect()
    working = [asyncio.ensure_future((await lead()).run()) for _ in range(2)]
    written: list[UUID] = []
    for _ in range(20):
        written += await write(writer, 3)

    async def all_numbered() -> bool:
        return len(await numbered(writer)) == len(written)

    await eventually(all_numbered)
    assert sorted(await numbered(writer)) == sorted(written)
    for task in working:
        assert not task.done()
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
