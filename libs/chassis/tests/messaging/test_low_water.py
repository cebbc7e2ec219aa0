"""The low-water mark of the outbox: no event is passed by, and a fetch does not walk what an old snapshot keeps."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from psycopg import AsyncConnection, AsyncRawCursor

from chassis.messaging import outbox_table
from chassis.messaging.outbox_table import OutboxTable
from chassis.persistence import outbox
from chassis.persistence.outbox_message import OutboxMessage
from chassis.testing.running import eventually
from kernel.ids import new_id

WRITERS, STEPS = 5, 250


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.messaging.low_water.STEP", 2)


@pytest.fixture
async def connect(database_urls) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def open_(url: str = database_urls.app) -> AsyncConnection:
            return await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True))

        yield open_


@pytest.fixture
async def table(connect, database_urls) -> OutboxTable:
    return OutboxTable(await connect(database_urls.relay))


async def write(connection: AsyncConnection, count: int = 1, *, payload: bytes = b"") -> list[str]:
    """Insert as services do; return the ids of the messages."""
    messages = [OutboxMessage(new_id(), "t", None, payload, {}) for _ in range(count)]
    statement = outbox.insert(messages)
    await AsyncRawCursor(connection).execute(statement.sql.encode(), statement.parameters)
    return [str(message.message_id) for message in messages]


async def take(table: OutboxTable, limit: int = 200) -> list[str]:
    rows = await table.fetch(limit=limit, without=())
    await table.delete([row.position for row in rows])
    return [str(row.message_id) for row in rows]


async def pass_by(table: OutboxTable, writer: AsyncConnection, position: int) -> None:
    """Write and take until the mark has passed a position; transactions of other tests on the server may hold it back."""

    async def passed() -> bool:
        await write(writer, 5)
        await take(table)
        return table.low_water.mark >= position

    await eventually(passed)


@asynccontextmanager
async def old_snapshot(connection: AsyncConnection) -> AsyncIterator[None]:
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await connection.execute("SELECT 1 FROM outbox LIMIT 1")
    yield
    await connection.execute("COMMIT")


class Writer:
    """One connection that writes in transactions; `committed` has the messages of its committed ones."""

    def __init__(self, connection: AsyncConnection, chance: random.Random) -> None:
        self._connection = connection
        self._chance = chance
        self._written: list[str] | None = None
        self.committed: list[str] = []

    async def step(self) -> None:
        """Begin a transaction, write in it, or end it."""
        if self._written is None:
            await self._connection.execute("BEGIN")
            self._written = []
            if self._chance.random() < 0.5:
                # The order of transaction ids is then not the order of positions.
                await self._connection.execute("SELECT pg_current_xact_id()")
        elif self._chance.random() < 0.5:
            self._written += await write(self._connection, self._chance.randrange(1, 4))
        else:
            await self.end(commit=self._chance.random() < 0.8)

    async def end(self, *, commit: bool) -> None:
        await self._connection.execute("COMMIT" if commit else "ROLLBACK")
        self.committed += self._written or [] if commit else []
        self._written = None


@pytest.mark.parametrize("seed", range(4))
async def test_transactions_that_commit_in_any_order_lose_no_event(seed, table, connect):
    chance = random.Random(seed)
    writers = [Writer(await connect(), chance) for _ in range(WRITERS)]
    # One of them takes part only seldom: its transactions stay open while many others come and go.
    weights = [8] * (WRITERS - 1) + [1]
    taken: list[str] = []
    for _ in range(STEPS):
        await chance.choices(writers, weights)[0].step()
        taken += await take(table, limit=chance.choice((1, 3, 200)))
    for writer in writers:
        await writer.end(commit=True)
    while more := await take(table):
        taken += more
    assert sorted(taken) == sorted(message for writer in writers for message in writer.committed)
    assert await table.find_overlooked() is None


async def test_a_transaction_that_stays_open_holds_the_mark_back_and_loses_nothing(table, connect):
    slow, quick = await connect(), await connect()
    await slow.execute("BEGIN")
    (early,) = await write(slow)
    for _ in range(8):
        written = await write(quick, 5)
        assert await take(table) == written
    assert table.low_water.mark == 0
    await slow.execute("COMMIT")
    assert await take(table) == [early]
    await pass_by(table, quick, 40)


async def test_a_transaction_takes_its_id_before_its_positions(connect):
    """Otherwise a position could be below the mark before its transaction is known to be in progress."""
    connection = await connect()
    await connection.execute("BEGIN")
    statement = outbox.insert([OutboxMessage(new_id(), "t", None, b"", {})])
    plan = await AsyncRawCursor(connection).execute(f"EXPLAIN {statement.sql}".encode(), statement.parameters)
    assert any("Function Scan on pg_current_xact_id" in line for (line,) in await plan.fetchall())


async def test_an_event_of_a_writer_of_the_previous_release_is_found_by_the_safety_net(table, connect, database_urls):
    """Such a writer is assigned its position before its transaction id; here it pauses between the two."""
    # The runtime role cannot pause there, nor choose a position.
    previous, quick = await connect(database_urls.owner), await connect()
    async with previous.cursor() as cursor:
        await cursor.execute("SELECT nextval(pg_get_serial_sequence('outbox', 'position'))")
        ((position,),) = await cursor.fetchall()
    await pass_by(table, quick, position)
    await previous.execute(
        """
        INSERT INTO outbox (position, message_id, type, payload, headers)
        OVERRIDING SYSTEM VALUE VALUES (%s, gen_random_uuid(), 't', '', '{}')
        """,
        (position,),
    )
    assert await take(table) == []
    assert await table.find_overlooked() == position
    assert len(await take(table)) == 1


async def test_a_blocked_aggregate_does_not_lose_its_events(table, connect):
    connection = await connect()
    blocked = OutboxMessage(new_id(), "t", "ada", b"", {})
    statement = outbox.insert([blocked])
    await AsyncRawCursor(connection).execute(statement.sql.encode(), statement.parameters)
    for _ in range(6):
        written = await write(connection, 5)
        rows = await table.fetch(limit=200, without=["ada"])
        assert [str(row.message_id) for row in rows] == written
        await table.delete([row.position for row in rows])
    assert await take(table) == [str(blocked.message_id)]


async def test_a_fetch_costs_the_same_while_an_old_snapshot_is_open(table, connect):
    """The index keeps the entries of thousands of deleted rows; a fetch from the mark does not walk them."""
    writer, reader = await connect(), await connect()

    async def buffers(mark: int) -> int:
        cursor = AsyncRawCursor(writer)
        query = outbox_table.FETCH.replace("%s", "$1", 1).replace("%s", "$2", 1).replace("%s", "$3", 1)
        await cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode(), (mark, [], 200))
        (((plan,),),) = await cursor.fetchall()
        return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])

    async def work(rows: int) -> int:
        for _ in range(rows // 100):
            await write(writer, 100)
            await take(table)
        await pass_by(table, writer, rows)
        return await buffers(table.low_water.mark)

    async with old_snapshot(reader):
        early = await work(500)
        late = await work(5_000)
        # The query without a mark walks all of them, so the snapshot had its effect.
        whole = await buffers(0)
    assert late <= 2 * early
    assert whole > 5 * late
