"""Row-level security by the scope of a transaction, as the runtime role."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.pipeline import Statement
from chassis.persistence.scope import PARAMETER, PLATFORM
from chassis.persistence.table_kinds import ORGANIZATION, PERSON
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.testing.databases import DatabaseUrls
from chassis.testing.table_kinds import table_faults
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.ids import new_id
from libs.chassis.tests.persistence.doors_database import rows

OURS, THEIRS = new_id(), new_id()
FACT = AuditFact(action="doors.room.add", resource_type="room", resource_id="-", occurred_at=datetime(2026, 3, 21, tzinfo=UTC))
NAMES = "SELECT name FROM rooms ORDER BY name"
ADD = "INSERT INTO rooms (id, organization_id, name) VALUES (gen_random_uuid(), '{organization}', '{name}')"


def acting_for(organization_id: UUID | None) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(new_id()), organization_id=organization_id)


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlTransaction]:
    return SqlUnitOfWork(database, SqlTransaction, Publications("doors", {}), service="doors")


async def add(database: Database, actor: Actor, *, organization: UUID, name: str) -> None:
    async with unit_of_work(database).begin(actor) as tx:
        await tx.session.execute(text(ADD.format(organization=organization, name=name)))
        tx.record(FACT)


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    # One connection: the next transaction finds what the last one left behind.
    database = Database.connect(urls.app, pool_size=1)
    await add(database, acting_for(OURS), organization=OURS, name="ours")
    await add(database, acting_for(THEIRS), organization=THEIRS, name="theirs")
    yield database
    await database.close()


async def names(database: Database, actor: Actor, *, pipelined: bool = False) -> list[str]:
    async with unit_of_work(database).begin(actor) as tx:
        if pipelined:
            [found] = await tx.pipeline.fetch(Statement(NAMES, ()))
            return [name for (name,) in found]
        return list((await tx.session.scalars(text(NAMES))).all())


@pytest.mark.parametrize("pipelined", [False, True], ids=["session", "pipeline"])
async def test_a_transaction_sees_only_the_rows_of_the_actors_organization(
    database: Database, pipelined: bool
) -> None:  # a parameter
    assert await names(database, acting_for(OURS), pipelined=pipelined) == ["ours"]
    assert await names(database, acting_for(THEIRS), pipelined=pipelined) == ["theirs"]
    assert await names(database, acting_for(new_id()), pipelined=pipelined) == []


@pytest.mark.parametrize("actor", [acting_for(None), Actor.service("doors"), Actor.anonymous()], ids=lambda actor: actor.kind)
async def test_without_an_organization_nothing_is_read_or_written(database: Database, actor: Actor) -> None:
    assert await names(database, actor) == []
    assert await rows(database, NAMES) == []
    with pytest.raises(ProgrammingError, match="row-level security"):
        await add(database, actor, organization=OURS, name="smuggled")
    async with unit_of_work(database).begin(actor) as tx:
        await tx.session.execute(text("UPDATE rooms SET name = 'renamed'"))
        await tx.session.execute(text("DELETE FROM rooms"))
        tx.record(FACT)
    assert await rows(database.under(PLATFORM), NAMES) == [("ours",), ("theirs",)]


async def test_nobody_writes_into_another_organization(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        await add(database, acting_for(OURS), organization=THEIRS, name="smuggled")
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with unit_of_work(database).begin(acting_for(OURS)) as tx:
            await tx.session.execute(text(f"UPDATE rooms SET organization_id = '{THEIRS}'"))
            tx.record(FACT)
    assert await rows(database.under(PLATFORM), NAMES) == [("ours",), ("theirs",)]


@pytest.mark.parametrize("actor", [Actor.service("doors"), acting_for(OURS)], ids=["service", "member"])
@pytest.mark.parametrize("pipelined", [False, True], ids=["session", "pipeline"])
async def test_the_platforms_scope_sees_every_organization(database: Database, actor: Actor, pipelined: bool) -> None:
    assert await names(database.under(PLATFORM), actor, pipelined=pipelined) == ["ours", "theirs"]
    # The connection is the same, and the scope ended with its transaction.
    assert await names(database, acting_for(None), pipelined=pipelined) == []
    assert await rows(database, NAMES) == []


async def test_reads_have_the_scope_of_their_database(database: Database) -> None:
    assert await rows(database.under(OURS), NAMES) == [("ours",)]
    assert await rows(database, NAMES) == []


async def test_a_worker_has_the_platforms_scope_from_its_connections(urls: DatabaseUrls, database: Database) -> None:
    worker = Database.connect(urls.app, pool_size=1, scope=PLATFORM)
    try:
        assert await rows(worker, NAMES) == [("ours",), ("theirs",)]
        assert await names(worker, Actor.service("doors")) == ["ours", "theirs"]
    finally:
        await worker.close()


async def test_a_worker_behind_a_pooler_sets_the_platforms_scope_itself(urls: DatabaseUrls, database: Database) -> None:
    worker = Database.connect(urls.app, pool_size=1, pooled=True, scope=PLATFORM)
    try:
        assert await rows(worker, NAMES) == [("ours",), ("theirs",)]
        assert await names(worker, Actor.service("doors")) == ["ours", "theirs"]
        assert await rows(worker, f"SELECT coalesce(current_setting('{PARAMETER}', true), '')") == [("platform",)]
    finally:
        await worker.close()


async def test_a_session_of_both_kinds_of_statements_keeps_its_scope(database: Database) -> None:
    async with unit_of_work(database).begin(acting_for(OURS)) as tx:
        assert list((await tx.session.scalars(text(NAMES))).all()) == ["ours"]
        [found] = await tx.pipeline.fetch(Statement(NAMES, ()))
        assert found == [("ours",)]
        assert list((await tx.session.scalars(text(NAMES))).all()) == ["ours"]


def test_a_table_of_no_kind_or_without_its_security_is_found(urls: DatabaseUrls) -> None:
    declared = {"doors": PERSON, "stones": PERSON, "rooms": ORGANIZATION}
    assert table_faults(urls.owner, declared) == []
    assert table_faults(urls.owner, {"doors": PERSON, "rooms": ORGANIZATION}) == ["stones has no kind"]
    [missing] = table_faults(urls.owner, {**declared, "windows": PERSON})
    assert missing == "windows does not exist"
    [unsecured] = table_faults(urls.owner, {**declared, "doors": ORGANIZATION})
    assert unsecured.startswith("doors is an organization's")
    [secured] = table_faults(urls.owner, {**declared, "rooms": PERSON})
    assert secured == "rooms has row-level security, but is no organization's"


def test_the_owner_sees_all_rows_so_that_migrations_can_back_fill(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.owner) as owner:
        owner.execute(ADD.format(organization=OURS, name="ours"))
        assert owner.execute(NAMES).fetchall() == [("ours",)]
