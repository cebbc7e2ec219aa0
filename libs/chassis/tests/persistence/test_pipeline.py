"""Statements sent together are one transaction, audited like any other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import IdempotencyScope, current_scope
from chassis.persistence.pipeline import Statement
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork, UnauditedChange
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, eventually, through
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.ids import new_id

VERSIONS = Path(__file__).parent / "versions"
ACTOR = Actor.service("doors")
FACT = AuditFact(action="doors.door.open", resource_type="door", resource_id="-", occurred_at=datetime(2026, 3, 21, tzinfo=UTC))
ADD = "INSERT INTO doors (id, is_open) VALUES ($1::uuid, false)"
READ = "SELECT id, is_open FROM doors WHERE id = $1::uuid"


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    # One connection: the next transaction finds what the last one left behind.
    database = Database.connect(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
def uow(database: Database) -> SqlUnitOfWork[SqlTransaction]:
    return SqlUnitOfWork(database, SqlTransaction, Publications("doors", {}), service="doors")


def add(door_id: UUID) -> Statement:
    return Statement(ADD, (str(door_id),))


async def build(uow: SqlUnitOfWork[SqlTransaction], *statements: Statement) -> None:
    async with uow.begin(ACTOR) as tx:
        for statement in statements:
            tx.pipeline.queue(statement)
        tx.record(FACT)


async def count(database: Database, table: str = "doors") -> object:
    async with database.read() as connection:
        return await connection.scalar(text(f"SELECT count(*) FROM {table}"))  # our own names


async def test_each_statement_has_its_own_result_and_sees_earlier_ones(uow: SqlUnitOfWork[SqlTransaction]) -> None:
    first, second = new_id(), new_id()
    async with uow.begin(ACTOR) as tx:
        tx.pipeline.queue(add(first))
        none, found, nothing = await tx.pipeline.fetch(
            add(second), Statement(READ, (str(first),)), Statement(READ, (str(new_id()),))
        )
        tx.record(FACT)
    assert (list(none), list(found), list(nothing)) == ([], [(first, False)], [])


async def test_a_queued_statement_is_committed_with_its_fact(uow: SqlUnitOfWork[SqlTransaction], database: Database) -> None:
    await build(uow, add(new_id()), add(new_id()))
    await build(uow, add(new_id()))
    assert (await count(database), await count(database, "outbox")) == (3, 2)


async def test_a_write_without_a_fact_is_refused(uow: SqlUnitOfWork[SqlTransaction], database: Database) -> None:
    with pytest.raises(UnauditedChange, match="INSERT INTO doors"):
        async with uow.begin(ACTOR) as tx:
            tx.pipeline.queue(add(new_id()))
    with pytest.raises(UnauditedChange, match="INSERT INTO doors"):
        async with uow.begin(ACTOR) as tx:
            await tx.pipeline.fetch(add(new_id()))
    assert await count(database) == 0


async def test_reading_needs_no_fact(uow: SqlUnitOfWork[SqlTransaction]) -> None:
    async with uow.begin(ACTOR) as tx:
        assert list(await tx.pipeline.fetch(Statement("SELECT $1::int + 1", ("1",)))) == [[(2,)]]


async def test_a_failing_statement_undoes_all_and_leaves_the_connection_usable(
    uow: SqlUnitOfWork[SqlTransaction], database: Database
) -> None:
    door_id = new_id()
    with pytest.raises(IntegrityError):
        await build(uow, add(new_id()), add(door_id), add(door_id), add(new_id()))
    assert (await count(database), await count(database, "outbox")) == (0, 0)
    # Whether it was prepared or not, it can be sent again.
    await build(uow, add(door_id))
    assert await count(database) == 1


async def test_a_statement_that_cannot_be_prepared_raises_its_error(
    uow: SqlUnitOfWork[SqlTransaction], database: Database
) -> None:
    with pytest.raises(DataError):
        await build(uow, add(new_id()), Statement("SELECT 1 / $1::int", ("0",)))
    await build(uow, add(new_id()))
    assert await count(database) == 1


async def test_a_failure_that_the_caller_ignores_commits_nothing(uow: SqlUnitOfWork[SqlTransaction], database: Database) -> None:
    door_id = new_id()
    with pytest.raises(Exception, match="current transaction is aborted"):
        async with uow.begin(ACTOR) as tx:
            with pytest.raises(IntegrityError):
                await tx.pipeline.fetch(add(door_id), add(door_id))
            tx.record(FACT)
    assert (await count(database), await count(database, "outbox")) == (0, 0)


async def test_a_lost_connection_is_reported_and_replaced(
    uow: SqlUnitOfWork[SqlTransaction], database: Database, databases: Databases
) -> None:
    await build(uow, add(new_id()))
    with pytest.raises(OperationalError):
        async with uow.begin(ACTOR) as tx:
            [[(pid,)]] = await tx.pipeline.fetch(Statement("SELECT pg_backend_pid()", ()))
            async with await psycopg.AsyncConnection.connect(databases.superuser_url, autocommit=True) as other:
                await other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            tx.pipeline.queue(add(new_id()))
            tx.record(FACT)
    await build(uow, add(new_id()))
    assert await count(database) == 2


async def test_a_failure_at_the_commit_is_raised_and_nothing_is_written(
    uow: SqlUnitOfWork[SqlTransaction], database: Database, urls: DatabaseUrls
) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner) as owner:
        await owner.execute("ALTER TABLE doors ADD CONSTRAINT one_of_each UNIQUE (is_open) DEFERRABLE INITIALLY DEFERRED")
    with pytest.raises(IntegrityError, match="one_of_each"):
        await build(uow, add(new_id()), add(new_id()))
    assert (await count(database), await count(database, "outbox")) == (0, 0)
    await build(uow, add(new_id()))
    assert (await count(database), await count(database, "outbox")) == (1, 1)


async def test_a_commit_whose_response_is_lost_is_reported_as_a_failure(
    urls: DatabaseUrls, database: Database, fault_proxy: Callable[[str, int], Awaitable[FaultProxy]]
) -> None:
    """The commit took effect. This is why every write can be repeated: the caller sends it again with its key."""
    proxy = await fault_proxy(*endpoint(urls.app))
    behind = Database.connect(through(urls.app, proxy.port), pool_size=1)
    uow = SqlUnitOfWork(behind, SqlTransaction, Publications("doors", {}), service="doors")

    async def commit() -> None:
        async with uow.begin(ACTOR) as tx:
            await tx.pipeline.fetch(Statement("SELECT 1", ()))
            proxy.blackhole(replies_only=True)
            tx.pipeline.queue(add(new_id()))
            tx.record(FACT)

    async def is_there() -> bool:
        return await count(database) == 1

    committing = asyncio.create_task(commit())
    await eventually(is_there)
    proxy.cut()
    with pytest.raises(OperationalError):
        await committing
    await proxy.heal()
    await build(uow, add(new_id()))
    await behind.close()
    assert (await count(database), await count(database, "outbox")) == (2, 2)


async def test_a_cancelled_transaction_leaves_nothing_behind(uow: SqlUnitOfWork[SqlTransaction], database: Database) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), uow.begin(ACTOR) as tx:
            await tx.pipeline.fetch(add(new_id()), Statement("SELECT pg_sleep(10)", ()))
    await build(uow, add(new_id()))
    assert await count(database) == 1


async def test_statements_of_the_session_and_the_pipeline_are_one_transaction(
    uow: SqlUnitOfWork[SqlTransaction], database: Database
) -> None:
    async with uow.begin(ACTOR) as tx:
        await tx.session.execute(text("INSERT INTO doors (id, is_open) VALUES (:id, true)"), {"id": new_id()})
        assert list(await tx.pipeline.fetch(Statement("SELECT count(*) FROM doors", ()))) == [[(1,)]]
        tx.pipeline.queue(add(new_id()))
        tx.record(FACT)
    assert (await count(database), await count(database, "outbox")) == (2, 1)


async def test_a_response_is_stored_in_the_transaction_of_its_effect(
    uow: SqlUnitOfWork[SqlTransaction], database: Database
) -> None:
    scope = IdempotencyScope("somebody", "key", b"hash")
    token = current_scope.set(scope)
    try:
        await build(uow, add(new_id()))
    finally:
        current_scope.reset(token)
    assert scope.pending
    seen: list[object] = []

    async def answer(session: AsyncSession) -> None:
        seen.append(await session.scalar(text("SELECT count(*) FROM doors")))

    await scope.pending.commit(answer)
    assert (seen, await count(database), await count(database, "outbox")) == ([1], 1, 1)
