"""Bulk transfers in PostgreSQL: read back unchanged, chunk by chunk, and found when no worker runs them any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind
from payments.domain.bulk import Bulk, BulkStatus, Chunk, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkLine, BulkMode
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FACT = AuditFact(action="test", resource_type="bulk", resource_id="-", occurred_at=AT)
PAYER = new_id()
ACTOR = Actor(
    kind=ActorKind.USER,
    subject_id=str(PAYER),
    roles=frozenset({"user", "merchant"}),
    ip="192.0.2.7",
    user_agent="Browser/1",
    request_id="request-7",
)


def wallet(owner_id: UUID) -> Account:
    return Account(new_id(), AccountKind.WALLET, owner_id, "NAD", Decimal(0), 0, AT)


def line(number: int, target: Account) -> BulkLine:
    amount = Money.of(f"{number}.50", "NAD")
    return BulkLine(number=number, target_id=target.id, amount=amount, description=f"wage {number}", reference=f"INV-{number}")


class StoredBulks:
    """Bulk transfers of three chunks of two lines."""

    def __init__(self, uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
        self.uow, self.source, self.target = uow, wallet(PAYER), wallet(new_id())
        self.chunks = [Chunk(number=n + 1, lines=[line(2 * n + 1, self.target), line(2 * n + 2, self.target)]) for n in range(3)]

    async def open(self) -> "StoredBulks":
        async with self.uow.begin(ACTOR) as tx:
            for account in (self.source, self.target):
                await tx.wallets.add(account)
            tx.record(FACT)
        return self

    async def add(self, *, created_at: datetime = AT, initiator_id: UUID = PAYER, **changes: Any) -> Bulk:
        bulk = Bulk(
            id=new_id(),
            initiator_id=initiator_id,
            key=str(new_id()),
            request_hash=b"h" * 32,
            source_id=self.source.id,
            currency="NAD",
            mode=BulkMode.BEST_EFFORT,
            format="text/csv",
            label="March",
            lines_total=6,
            amount_total=Decimal("24.00"),
            created_at=created_at,
        )
        async with self.uow.begin(ACTOR) as tx:
            # Chunks run in order of their number, whatever order they were written in.
            await tx.bulks.add(bulk, self.chunks[::-1], replace(ACTOR, subject_id=str(initiator_id)))
            tx.record(FACT)
        if changes:
            await self.change(bulk, **changes)
        return bulk

    async def change(self, bulk: Bulk, *chunks: Chunk, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(bulk, name, value)
        bulk.version += 1
        async with self.uow.begin(ACTOR) as tx:
            await tx.bulks.lock(bulk.id)
            await tx.bulks.save(bulk, chunks)
            tx.record(FACT)


@pytest.fixture
async def stored_bulks(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> StoredBulks:
    return await StoredBulks(uow).open()


def fields_of(bulk: Bulk) -> dict[str, object]:
    return {name: getattr(bulk, name) for name in Bulk.__dataclass_fields__}


async def test_a_bulk_transfer_is_read_back_unchanged_with_the_user_it_runs_for(stored_bulks: StoredBulks) -> None:
    bulk = await stored_bulks.add()
    other = await stored_bulks.add()

    for changes in (
        {},
        {"status": BulkStatus.RUNNING, "started_at": AT + MINUTE, "progressed_at": AT + 2 * MINUTE},
        {"status": BulkStatus.CANCELLING, "settled": 1, "awaiting": 2, "refused": 1, "reason": "stop"},
        {"status": BulkStatus.CANCELLED, "not_run": 2, "ended_at": AT + 3 * MINUTE},
    ):
        if changes:
            await stored_bulks.change(bulk, **changes)
        async with stored_bulks.uow.begin(ACTOR) as tx:
            locked, by_key = await tx.bulks.lock(bulk.id), await tx.bulks.find_by_key(PAYER, bulk.key)
            untouched = await tx.bulks.lock(other.id)
        assert locked
        assert by_key
        assert untouched
        assert fields_of(locked[0]) == fields_of(by_key) == fields_of(bulk)
        assert locked[1] == replace(ACTOR, roles=frozenset())
        assert fields_of(untouched[0]) == fields_of(other)
    async with stored_bulks.uow.begin(ACTOR) as tx:
        assert await tx.bulks.lock(new_id()) is None
        assert await tx.bulks.find_by_key(new_id(), bulk.key) is None
        assert await tx.bulks.find_by_key(PAYER, "another") is None


async def test_chunks_wait_in_their_order_until_their_outcomes_are_stored(stored_bulks: StoredBulks) -> None:
    bulk, other = await stored_bulks.add(), await stored_bulks.add()

    async def waiting(of: Bulk, limit: int | None = None) -> list[Chunk]:
        async with stored_bulks.uow.begin(ACTOR) as tx:
            return list(await tx.bulks.waiting(of.id, limit=limit))

    assert await waiting(bulk) == stored_bulks.chunks
    assert await waiting(bulk, 1) == stored_bulks.chunks[:1]
    outcomes = [
        LineOutcome(number=1, status=LineStatus.NOT_RUN),
        LineOutcome(number=2, status=LineStatus.REFUSED, code="PAY_001", message="The wallet's available balance is too low."),
    ]
    await stored_bulks.change(
        bulk, replace(stored_bulks.chunks[0], outcomes=outcomes), stored_bulks.chunks[1], status=BulkStatus.RUNNING
    )
    assert await waiting(bulk) == stored_bulks.chunks[1:]
    assert await waiting(bulk, 1) == stored_bulks.chunks[1:2]
    assert await waiting(other) == stored_bulks.chunks


async def test_a_bulk_transfer_is_queued_once_however_often_it_is_found_stalled(
    uow: SqlUnitOfWork[SqlPaymentsTransaction], database: Database
) -> None:
    stored_bulks = await StoredBulks(uow).open()
    bulks = [await stored_bulks.add() for _ in range(2)]
    for bulk in (*bulks, *bulks):
        async with uow.begin(ACTOR) as tx:
            await tx.bulks.queue(bulk.id)
    async with database.read() as connection:
        query = "SELECT task_name, queue_name, args, lock, queueing_lock FROM procrastinate_jobs ORDER BY id"
        jobs = [tuple(row) for row in await connection.execute(text(query))]
    names = [f"bulk:{bulk.id}" for bulk in bulks]
    assert jobs == [("payments:run_bulk", "bulks", {"bulk_id": name.removeprefix("bulk:")}, name, name) for name in names]


async def test_open_bulk_transfers_are_counted_for_their_submitter(stored_bulks: StoredBulks) -> None:
    ended: dict[str, Any] = {"status": BulkStatus.CANCELLED, "not_run": 6, "reason": "stop", "ended_at": AT + MINUTE}
    await stored_bulks.add()
    await stored_bulks.add(status=BulkStatus.RUNNING, started_at=AT)
    await stored_bulks.add(status=BulkStatus.CANCELLING, started_at=AT, reason="stop")
    await stored_bulks.add(**ended)
    other = new_id()
    await stored_bulks.add(initiator_id=other)
    async with stored_bulks.uow.begin(ACTOR) as tx:
        assert [await tx.bulks.count_open(one) for one in (PAYER, other, new_id())] == [3, 1, 0]


async def test_stalled_bulk_transfers_are_found_with_the_longest_stalled_first(stored_bulks: StoredBulks) -> None:
    running: dict[str, Any] = {"status": BulkStatus.RUNNING, "started_at": AT}
    ended: dict[str, Any] = {"status": BulkStatus.CANCELLED, "not_run": 6, "reason": "stop", "ended_at": AT}
    # An old file that makes progress is not stalled. The others count from their last progress.
    await stored_bulks.add(created_at=AT, progressed_at=AT + 10 * MINUTE, **running)
    third = await stored_bulks.add(created_at=AT, progressed_at=AT + 4 * MINUTE, **running)
    second = await stored_bulks.add(created_at=AT + 3 * MINUTE)
    first = await stored_bulks.add(
        created_at=AT + MINUTE, progressed_at=AT + 2 * MINUTE, **{**running, "reason": "stop"} | {"status": BulkStatus.CANCELLING}
    )
    await stored_bulks.add(created_at=AT, **ended)
    await stored_bulks.add(created_at=AT + 5 * MINUTE)

    async with stored_bulks.uow.begin(ACTOR) as tx:
        assert await tx.bulks.left_behind(AT + 5 * MINUTE, limit=9) == [first.id, second.id, third.id]
        assert await tx.bulks.left_behind(AT + 5 * MINUTE, limit=2) == [first.id, second.id]
        assert await tx.bulks.left_behind(AT + 2 * MINUTE, limit=9) == []
