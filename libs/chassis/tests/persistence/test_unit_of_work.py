import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic.util import CommandError
from sqlalchemy import Boolean, Column, MetaData, Table, Uuid, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import registry

from chassis.messaging.contracts import Publications
from chassis.persistence import migrations
from chassis.persistence.database import Database
from chassis.persistence.delivery import AlreadyHandled, Delivery, current_delivery
from chassis.persistence.schema_version import NoRevisionsError
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork, UnauditedChange
from chassis.testing.databases import Databases, DatabaseUrls
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.identity.v1 import events_pb2
from kernel.actor import Actor
from kernel.audit import Audited, AuditFact
from kernel.events import Aggregate, Event
from kernel.ids import new_id

VERSIONS = Path(__file__).parent / "versions"
NOW = datetime(2026, 3, 21, tzinfo=UTC)
ACTOR = Actor.service("doors")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOpened(Event):
    door_id: UUID


@dataclass(eq=False)
class Door(Aggregate):
    id: UUID
    is_open: bool = False

    def open(self) -> None:
        self.is_open = True
        self.announce(DoorOpened(occurred_at=NOW, door_id=self.id))


metadata = MetaData()
doors = Table("doors", metadata, Column("id", Uuid, primary_key=True), Column("is_open", Boolean))
registry(metadata=metadata).map_imperatively(Door, doors)


def door_opened(event: DoorOpened) -> events_pb2.UserRegistered:
    return events_pb2.UserRegistered(user_id=str(event.door_id))


class DoorTransaction(SqlTransaction):
    async def door(self, door_id: UUID) -> Door:
        return (await self.session.execute(select(Door).where(doors.c.id == door_id))).scalar_one()


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database.connect(urls.app, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
def uow(database: Database) -> SqlUnitOfWork[DoorTransaction]:
    return SqlUnitOfWork(database, DoorTransaction, Publications("doors", {DoorOpened: door_opened}), service="doors")


def fact(door: Door) -> AuditFact:
    return AuditFact(
        action="doors.door.open", resource_type="door", resource_id=str(door.id), occurred_at=NOW, after={"open": door.is_open}
    )


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(text(query))).all()]


async def build(uow: SqlUnitOfWork[DoorTransaction]) -> Door:
    async with uow.begin(ACTOR) as tx:
        door = Door(new_id())
        tx.session.add(door)
        tx.record(fact(door))
    return door


async def test_state_event_and_audit_fact_are_committed_together(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    built = await build(uow)
    async with uow.begin(ACTOR) as tx:
        door = await tx.door(built.id)
        door.open()
        tx.record(fact(door))
    assert await rows(database, "SELECT is_open FROM doors") == [(True,)]
    sent = await rows(database, "SELECT type, aggregate_id FROM outbox ORDER BY position")
    assert sent == [
        ("audit.facts.recorded", None),
        ("identity.user.registered", str(built.id)),
        ("audit.facts.recorded", None),
    ]


async def test_a_message_is_in_the_outbox_whole(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    door = Door(new_id())
    event = DoorOpened(occurred_at=NOW, door_id=door.id)
    async with uow.begin(ACTOR) as tx:
        tx.announce(event)
        tx.record(fact(door))
    columns = "message_id, type, aggregate_id, payload, headers"
    (row, _) = await rows(database, f"SELECT {columns} FROM outbox ORDER BY position")
    expected = Publications("doors", {DoorOpened: door_opened}).encode(event)
    assert row == (event.event_id, expected.type, str(door.id), expected.payload, expected.headers)


async def test_an_event_of_a_new_aggregate_is_sent(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    async with uow.begin(ACTOR) as tx:
        door = Door(new_id())
        door.open()
        tx.session.add(door)
        tx.record(fact(door))
    assert await rows(database, "SELECT type FROM outbox ORDER BY position") == [
        ("identity.user.registered",),
        ("audit.facts.recorded",),
    ]


async def test_a_fact_is_the_actors_unless_another_is_named(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    other = Actor.service("locksmith")
    async with uow.begin(ACTOR) as tx:
        for actor in (None, other):
            tx.record(fact(Door(new_id())), actor=actor)
    [(payload,)] = await rows(database, "SELECT payload FROM outbox")
    assert isinstance(payload, bytes)
    facts = AuditFactsRecorded.FromString(payload).facts
    assert [(each.actor.subject_id, each.actor.request_id) for each in facts] == [
        ("doors", ACTOR.request_id),
        ("locksmith", other.request_id),
    ]


async def test_an_event_is_sent_although_nobody_keeps_the_aggregate(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    built = await build(uow)
    async with uow.begin(ACTOR) as tx:
        (await tx.door(built.id)).open()
        gc.collect()
        # An autoflush here would write the door and let the identity map forget it, its event with it.
        await tx.session.execute(select(doors.c.id))
        gc.collect()
        tx.record(fact(built))
    assert ("identity.user.registered",) in await rows(database, "SELECT type FROM outbox")


async def test_an_unaudited_change_by_the_orm_is_refused(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    with pytest.raises(UnauditedChange, match="INSERT INTO doors"):
        async with uow.begin(ACTOR) as tx:
            tx.session.add(Door(new_id()))
    assert await rows(database, "SELECT count(*) FROM doors") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE doors SET is_open = true",
        "  delete from doors",
        "WITH gone AS (DELETE FROM doors RETURNING id) SELECT count(*) FROM gone",
        "INSERT INTO stones VALUES (1)",
    ],
)
async def test_an_unaudited_change_by_core_is_refused(
    uow: SqlUnitOfWork[DoorTransaction], database: Database, statement: str
) -> None:
    await build(uow)
    with pytest.raises(UnauditedChange):
        async with uow.begin(ACTOR) as tx:
            await tx.session.execute(text(statement))
    assert await rows(database, "SELECT is_open FROM doors") == [(False,)]


async def test_reading_and_locking_need_no_fact(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    await build(uow)
    async with uow.begin(ACTOR) as tx:
        await tx.session.execute(text("SELECT id FROM doors FOR UPDATE"))
    assert len(await rows(database, "SELECT 1 FROM outbox")) == 1


async def test_an_earlier_write_on_the_pooled_connection_is_forgotten(urls: DatabaseUrls) -> None:
    database = Database.connect(urls.app, pool_size=1)
    uow = SqlUnitOfWork(database, DoorTransaction, Publications("doors", {}), service="doors")
    await build(uow)
    async with uow.begin(ACTOR) as tx:
        await tx.session.execute(text("SELECT 1"))
    await database.close()


async def test_nothing_stays_of_a_use_case_that_fails(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with uow.begin(ACTOR) as tx:
            door = Door(new_id())
            tx.session.add(door)
            tx.record(fact(door))
            await tx.session.flush()
            raise RuntimeError
    assert await rows(database, "SELECT (SELECT count(*) FROM doors), (SELECT count(*) FROM outbox)") == [(0, 0)]


async def test_a_message_takes_effect_once_even_when_two_handle_it_at_the_same_time(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    delivery = Delivery(message_id=new_id(), type="t", producer="p", occurred_at=NOW, message=events_pb2.UserRegistered())

    async def handle() -> str:
        current_delivery.set(delivery)
        try:
            await build(uow)
        except AlreadyHandled:
            return "already"
        return "handled"

    outcomes = await asyncio.gather(*(asyncio.create_task(handle()) for _ in range(4)))
    assert sorted(outcomes) == ["already", "already", "already", "handled"]
    assert await rows(database, "SELECT count(*) FROM doors") == [(1,)]


async def test_a_message_whose_handling_failed_may_be_handled_again(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    delivery = Delivery(message_id=new_id(), type="t", producer="p", occurred_at=NOW, message=events_pb2.UserRegistered())
    token = current_delivery.set(delivery)
    try:
        with pytest.raises(RuntimeError):
            async with uow.begin(ACTOR):
                raise RuntimeError
        assert await rows(database, "SELECT count(*) FROM inbox") == [(0,)]
        await build(uow)
    finally:
        current_delivery.reset(token)
    assert await rows(database, "SELECT consumer, message_id FROM inbox") == [("doors", delivery.message_id)]
    assert await rows(database, "SELECT count(*) FROM doors") == [(1,)]


async def test_the_outbox_wakes_a_listener_at_commit(uow: SqlUnitOfWork[DoorTransaction], urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as listener:
        await listener.execute("LISTEN outbox")
        await build(uow)
        notified = [notify async for notify in listener.notifies(timeout=60, stop_after=1)]
    assert len(notified) == 1


async def test_append_only_tables_refuse_the_runtime_role_and_the_owner(urls: DatabaseUrls, database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as app:
        await app.execute("INSERT INTO stones VALUES (1)")
        for change in ("UPDATE stones SET id = 2", "DELETE FROM stones", "TRUNCATE stones"):
            # Already for want of the right, not by the trigger alone.
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                await app.execute(change)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await app.execute("DROP TABLE doors")
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        for change in ("UPDATE stones SET id = 2", "DELETE FROM stones", "TRUNCATE stones"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                await owner.execute(change)
    assert await rows(database, "SELECT id FROM stones") == [(1,)]


async def test_migrating_again_changes_nothing_and_head_is_known(urls: DatabaseUrls, database: Database) -> None:
    said: list[str] = []
    migrations.upgrade(urls.owner, VERSIONS, say=said.append)
    assert said == ["schema at 0001 already"]
    assert await migrations.at_head(database, VERSIONS)


@pytest.mark.parametrize(("found", "expected"), [("0000", False), ("0001", True), ("0002", True)])
async def test_a_schema_older_than_the_release_will_not_do_and_a_newer_one_will(
    urls: DatabaseUrls, database: Database, found: str, expected: bool
) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = %s", (found,))
    assert await migrations.at_head(database, VERSIONS) == expected


async def test_the_migration_of_an_earlier_release_leaves_a_newer_schema_as_it_is(urls: DatabaseUrls, database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = '0002'")
    said: list[str] = []
    migrations.upgrade(urls.owner, VERSIONS, say=said.append)
    assert said == ["the schema is newer (0002) than this release (0001) and stays as it is"]
    assert await rows(database, "SELECT version_num FROM alembic_version") == [("0002",)]
    assert await migrations.at_head(database, VERSIONS)


async def test_an_older_schema_that_no_release_knows_is_not_migrated(urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(CommandError, match="0000"):
        migrations.upgrade(urls.owner, VERSIONS, say=lambda _line: None)


async def test_a_database_that_was_never_migrated_is_not_at_head(urls: DatabaseUrls, database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("DELETE FROM alembic_version")
        assert not await migrations.at_head(database, VERSIONS)
        await owner.execute("DROP TABLE alembic_version")
    assert not await migrations.at_head(database, VERSIONS)


async def test_a_folder_without_revisions_is_no_schema(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NoRevisionsError):
        await migrations.at_head(database, tmp_path)


async def test_migrations_refuse_the_runtime_role(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    async with databases.create("doors", VERSIONS) as urls:
        with pytest.raises((ProgrammingError, ValueError)):
            migrations.upgrade(urls.app, _second_revision(tmp_path / "versions"))


def _second_revision(folder: Path, statement: str = "CREATE TABLE more (id integer)") -> Path:
    (folder / "0001_doors.py").write_text((VERSIONS / "0001_doors.py").read_text())
    (folder / "0002_more.py").write_text(
        'from alembic import op\nrevision = "0002"\ndown_revision = "0001"\n'
        f"def upgrade() -> None:\n    op.execute('{statement}')\n"
    )
    return folder


async def test_a_migration_does_not_queue_up_behind_a_lock_with_everybody_behind_it(
    urls: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    (tmp_path / "versions").mkdir()
    versions = _second_revision(tmp_path / "versions", "ALTER TABLE doors ADD COLUMN colour text")
    async with await psycopg.AsyncConnection.connect(urls.owner) as busy:
        await busy.execute("LOCK TABLE doors")
        upgrade = asyncio.create_task(asyncio.to_thread(migrations.upgrade, urls.owner, versions, say=lambda _line: None))
        done, _ = await asyncio.wait({upgrade}, timeout=60)
    assert done, "it waited for the lock"
    with pytest.raises(OperationalError, match="lock timeout"):
        await upgrade


async def test_a_session_is_never_flushed_by_itself(database: Database) -> None:
    session: AsyncSession = database.session()
    assert session.sync_session.autoflush is False
    await session.close()


DOOR = Audited[Door](
    action="doors.door",
    resource_type="door",
    id_of=lambda door: door.id,
    state=lambda door: {"open": door.is_open},
)


async def test_a_change_records_before_and_after_and_announces_the_events(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    door = await build(uow)
    async with uow.begin(ACTOR) as tx:
        door = await tx.door(door.id)
        with tx.change(DOOR, door, "open", at=NOW, reason="a delivery"):
            door.open()
    ((fact, _),) = tx.facts
    assert (fact.action, fact.resource_type, fact.resource_id) == ("doors.door.open", "door", str(door.id))
    assert (fact.before, fact.after, fact.reason, fact.occurred_at) == ({"open": False}, {"open": True}, "a delivery", NOW)
    sent = await rows(database, "SELECT type FROM outbox ORDER BY position")
    # The session announces what it loaded as well; each event is sent once.
    assert sent.count(("identity.user.registered",)) == 1


async def test_a_change_that_fails_records_nothing(uow: SqlUnitOfWork[DoorTransaction]) -> None:
    door = await build(uow)

    async def jam() -> None:
        async with uow.begin(ACTOR) as tx:
            with tx.change(DOOR, door, "open", at=NOW):
                raise OSError("jammed")

    with pytest.raises(OSError, match="jammed"):
        await jam()
    assert not door.collect()


async def test_what_is_created_is_recorded_with_its_state_alone(uow: SqlUnitOfWork[DoorTransaction]) -> None:
    async with uow.begin(ACTOR) as tx:
        door = Door(new_id())
        tx.session.add(door)
        tx.create(DOOR, door, at=NOW)
    ((fact, _),) = tx.facts
    assert (fact.action, fact.before, fact.after) == ("doors.door.create", None, {"open": False})
