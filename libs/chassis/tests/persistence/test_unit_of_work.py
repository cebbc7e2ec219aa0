import asyncio
import gc
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Boolean, Column, MetaData, Table, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import registry
from structlog.testing import capture_logs

from chassis.messaging.contracts import ORGANIZATION, Publications
from chassis.persistence.database import Database
from chassis.persistence.delivery import AlreadyHandled, Delivery, current_delivery
from chassis.persistence.idempotency_scope import IdempotencyScope, Replay, StoredAnswer, current_scope
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork, UnauditedChange
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.identity.v1 import events_pb2
from kernel.actor import Actor, ActorKind
from kernel.audit import Audited, AuditFact
from kernel.events import Aggregate, Event
from kernel.ids import new_id
from libs.chassis.tests.persistence.doors_database import rows

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
def uow(database: Database) -> SqlUnitOfWork[DoorTransaction]:
    return SqlUnitOfWork(database, DoorTransaction, Publications("doors", {DoorOpened: door_opened}), service="doors")


def fact(door: Door) -> AuditFact:
    return AuditFact(
        action="doors.door.open", resource_type="door", resource_id=str(door.id), occurred_at=NOW, after={"open": door.is_open}
    )


async def headers(database: Database) -> list[object]:
    query = f"SELECT headers ->> '{ORGANIZATION}' FROM outbox WHERE aggregate_id IS NOT NULL ORDER BY position"
    found = await rows(database, query)
    return [organization for (organization,) in found]


async def test_events_have_the_organization_of_their_actor(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    ours, theirs = (Actor(kind=ActorKind.USER, subject_id=str(new_id()), organization_id=new_id()) for _ in range(2))
    async with uow.begin(ours) as tx:
        door = Door(new_id())
        door.open()
        tx.session.add(door)
        tx.record(fact(door))
        # Of no mapped aggregate: the transaction's actor, or the one that is named.
        tx.announce(DoorOpened(occurred_at=NOW, door_id=new_id()))
        tx.announce(DoorOpened(occurred_at=NOW, door_id=new_id()), actor=theirs)
        tx.announce(DoorOpened(occurred_at=NOW, door_id=new_id()), actor=ACTOR)
    by = [str(ours.organization_id), str(ours.organization_id), str(theirs.organization_id), None]
    assert await headers(database) == by


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


async def test_a_message_in_the_outbox_has_all_its_columns(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
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


async def test_a_fact_has_the_transactions_actor_unless_another_is_given(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
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


async def test_an_event_is_sent_even_if_nothing_references_the_aggregate(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    built = await build(uow)
    async with uow.begin(ACTOR) as tx:
        (await tx.door(built.id)).open()
        gc.collect()
        # An autoflush here would write the door and let the identity map drop it, together with its event.
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


async def test_a_reading_transaction_writes_nothing_and_what_it_read_stays_usable(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    door = await build(uow)
    async with uow.reading(ACTOR) as tx:
        read = await tx.door(door.id)
        read.open()
        await tx.session.flush()
    assert (read.id, read.is_open) == (door.id, True)
    assert await rows(database, "SELECT is_open FROM doors") == [(False,)]


async def test_an_idempotent_request_may_read_before_its_transaction_and_is_replayed_there(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    door = await build(uow)
    answer = StoredAnswer(b"hash", 201, b"{}", {})
    scope = IdempotencyScope("user:anna", "key", b"hash")
    token = current_scope.set(scope)
    try:
        async with uow.reading(ACTOR) as tx:
            assert (await tx.door(door.id)).id == door.id
        async with uow.begin(ACTOR) as tx:
            assert (await tx.door(door.id)).id == door.id

        async def store(session: AsyncSession) -> None:
            await scope.store(session, answer, headers_json="{}", at=NOW)

        assert scope.pending
        await scope.pending.commit(store)
        with pytest.raises(Replay) as replayed:
            async with uow.reading(ACTOR):
                pytest.fail("it was answered before")
    finally:
        current_scope.reset(token)
    assert replayed.value.answer == answer


async def test_an_earlier_write_on_a_pooled_connection_does_not_count(urls: DatabaseUrls) -> None:
    database = Database.connect(urls.app, pool_size=1)
    uow = SqlUnitOfWork(database, DoorTransaction, Publications("doors", {}), service="doors")
    await build(uow)
    async with uow.begin(ACTOR) as tx:
        await tx.session.execute(text("SELECT 1"))
    await database.close()


async def test_a_failing_use_case_leaves_nothing_behind(uow: SqlUnitOfWork[DoorTransaction], database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with uow.begin(ACTOR) as tx:
            door = Door(new_id())
            tx.session.add(door)
            tx.record(fact(door))
            await tx.session.flush()
            raise RuntimeError
    assert await rows(database, "SELECT (SELECT count(*) FROM doors), (SELECT count(*) FROM outbox)") == [(0, 0)]


async def test_a_message_handled_twice_at_the_same_time_takes_effect_once(
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


async def test_a_commit_to_the_outbox_wakes_a_listener(uow: SqlUnitOfWork[DoorTransaction], urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as listener:
        await listener.execute("LISTEN outbox")
        await build(uow)
        notified = [notify async for notify in listener.notifies(timeout=60, stop_after=1)]
    assert len(notified) == 1


async def test_append_only_tables_refuse_the_runtime_role_and_the_owner(urls: DatabaseUrls, database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as app:
        await app.execute("INSERT INTO stones VALUES (1)")
        for change in ("UPDATE stones SET id = 2", "DELETE FROM stones", "TRUNCATE stones"):
            # The missing privilege already refuses it, before the trigger.
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                await app.execute(change)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await app.execute("DROP TABLE doors")
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        for change in ("UPDATE stones SET id = 2", "DELETE FROM stones", "TRUNCATE stones"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                await owner.execute(change)
    assert await rows(database, "SELECT id FROM stones") == [(1,)]


async def test_a_session_never_flushes_automatically(database: Database) -> None:
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
    # The session announces what it loaded too; each event is sent once.
    assert sent.count(("identity.user.registered",)) == 1


async def test_events_of_an_aggregate_keep_their_order_whatever_announced_them(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    door = await build(uow)
    async with uow.begin(ACTOR) as tx:
        door = await tx.door(door.id)
        with tx.change(DOOR, door, "open", at=NOW):
            door.open()
        door.open()
    sent = await rows(database, "SELECT message_id FROM outbox WHERE type = 'identity.user.registered' ORDER BY position")
    # Ids are in the order of announcement.
    assert len(sent) == 2
    assert sent == sorted(sent)


async def test_a_change_that_fails_records_nothing(uow: SqlUnitOfWork[DoorTransaction]) -> None:
    door = await build(uow)

    async def jam() -> None:
        async with uow.begin(ACTOR) as tx:
            with tx.change(DOOR, door, "open", at=NOW):
                raise OSError("jammed")

    with pytest.raises(OSError, match="jammed"):
        await jam()
    assert not door.collect()


async def test_a_creation_is_recorded_with_the_new_state_only(uow: SqlUnitOfWork[DoorTransaction]) -> None:
    async with uow.begin(ACTOR) as tx:
        door = Door(new_id())
        tx.session.add(door)
        tx.create(DOOR, door, at=NOW)
    ((fact, _),) = tx.facts
    assert (fact.action, fact.before, fact.after) == ("doors.door.create", None, {"open": False})


async def test_an_action_after_the_commit_that_fails_stops_no_other(
    uow: SqlUnitOfWork[DoorTransaction], database: Database
) -> None:
    followed: list[str] = []

    async def fail() -> None:
        raise OSError("away")

    async def follow() -> None:
        followed.append("yes")

    with capture_logs() as lines:
        async with uow.begin(ACTOR) as tx:
            door = Door(new_id())
            tx.session.add(door)
            tx.create(DOOR, door, at=NOW)
            tx.after_commit(fail)
            tx.after_commit(follow)
    assert followed == ["yes"]
    assert [line["event"] for line in lines] == ["after_commit_failed"]
    assert await rows(database, "SELECT count(*) FROM doors") == [(1,)]
