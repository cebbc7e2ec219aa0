"""Rules with a window, and decisions on files, from many processes at once: each sees what the others did before."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually
from kernel.ids import new_id
from payments.application import Payments
from payments.domain.bulk import Bulk
from payments.domain.errors import ApprovalNeeded, BulkEnded, NotPending
from payments.domain.transfer_order import leg_key
from services.payments.tests.approvals import approval_from
from services.payments.tests.integration.use_case_bank import UseCaseBank, kinds, outcome, user

CONNECTIONS: Final = 16
REQUESTS: Final = 50


@pytest.fixture
async def bank(database_urls: DatabaseUrls) -> AsyncIterator[UseCaseBank]:
    database = Database.connect(database_urls.app, pool_size=CONNECTIONS)
    bank = UseCaseBank(database)
    yield bank
    broken = await bank.broken()
    await database.close()
    assert broken == []


async def submit(bank: UseCaseBank, source: UUID, target: UUID, amount: str, *, at: Payments) -> Bulk:
    return (await bank.hand_in(source, target, amount, at=at)).bulk


async def link(bank: UseCaseBank, source: UUID, target: UUID, *, at: Payments) -> str:
    key = str(new_id())
    orders = [bank.order(source, target, "49.99", key=leg_key(key, number)) for number in range(2)]
    settled = await at.transfers.transfer_linked(actor=bank.by_owner(source), orders=orders)
    return str(settled[0].transfer.status)


async def test_of_fifty_payments_from_sixteen_connections_one_is_settled(bank: UseCaseBank) -> None:
    first = await bank.wallet("9000.00")
    sources = [first, *[await bank.wallet("9000.00", owner_id=bank.owners[first]) for _ in range(CONNECTIONS - 1)]]
    targets = [await bank.wallet() for _ in sources]
    bank.prices.rules = approval_from("100", window=timedelta(hours=24))
    processes = itertools.cycle([bank.process() for _ in range(CONNECTIONS)])
    # Wallets of one owner with different payees share only the lock on the owner's spending.
    pairs = itertools.islice(itertools.cycle(zip(sources, targets, strict=True)), REQUESTS)
    orders = [bank.order(source, target, "99.99") for source, target in pairs]
    made = await asyncio.gather(*(bank.pay(order, at=next(processes)) for order in orders))
    assert Counter(one.status for one in made) == {"completed": 1, "pending_approval": REQUESTS - 1}
    held = sum([(await bank.balance(wallet))[1] for wallet in sources])
    received = sum([(await bank.balance(wallet))[0] for wallet in targets])
    assert (held, received) == (Decimal("99.99") * (REQUESTS - 1), Decimal("99.99"))


async def test_a_request_that_reads_a_window_waits_for_its_payers_open_requests(
    bank: UseCaseBank, database_urls: DatabaseUrls
) -> None:
    first = await bank.wallet("900.00")
    second = await bank.wallet("900.00", owner_id=bank.owners[first])
    bank.prices.rules = approval_from("100", window=timedelta(hours=24))
    async with await psycopg.AsyncConnection.connect(database_urls.app) as connection:
        await connection.execute("SELECT FROM spending WHERE owner_id = %s FOR NO KEY UPDATE", (bank.owners[first],))
        asked: list[asyncio.Task[Any]] = [
            asyncio.create_task(bank.pay(bank.order(first, await bank.wallet(), "99.99"), at=bank.process())),
            asyncio.create_task(bank.pay(bank.order(second, await bank.wallet(), "99.99"), at=bank.process())),
            asyncio.create_task(submit(bank, first, await bank.wallet(), "99.99", at=bank.process())),
            asyncio.create_task(submit(bank, second, await bank.wallet(), "99.99", at=bank.process())),
        ]
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

        async def all_wait_or_one_did_not() -> bool:
            return any(task.done() for task in asked) or await bank.scalar(waiting) == len(asked)

        await eventually(all_wait_or_one_did_not)
        assert not any(task.done() for task in asked)
        await connection.rollback()
    statuses = Counter([str((await task).status) for task in asked])
    assert statuses["completed"] + statuses["accepted"] == 1
    assert statuses["pending_approval"] == len(asked) - 1


async def test_payments_and_linked_legs_and_files_at_once_share_a_window(
    bank: UseCaseBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.application.bulk_transfers.acceptance.BULKS_OPEN_MAX", REQUESTS)
    first, target = await bank.wallet("9000.00"), await bank.wallet()
    second = await bank.wallet("9000.00", owner_id=bank.owners[first])
    bank.prices.rules = approval_from("100", window=timedelta(hours=24))
    processes = itertools.cycle([bank.process() for _ in range(CONNECTIONS)])

    async def ask(number: int) -> str:
        source, at = (first, second)[number % 2], next(processes)
        match number % 3:
            case 0:
                return str((await bank.pay(bank.order(source, target, "99.99"), at=at)).status)
            case 1:
                return str((await submit(bank, source, target, "99.99", at=at)).status)
            case _:
                return await link(bank, source, target, at=at)

    answers = await asyncio.gather(*(outcome(ask(number)) for number in range(REQUESTS)))
    statuses = Counter(one if isinstance(one, str) else type(one).__name__ for one in answers)
    assert statuses["completed"] + statuses["accepted"] == 1, statuses
    assert set(statuses) <= {"completed", "accepted", "pending_approval", ApprovalNeeded.__name__}


Way = Callable[[Payments, UUID], Awaitable[Bulk]]


async def test_of_an_approval_and_a_rejection_and_a_cancellation_at_once_one_wins(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    bank.prices.rules = approval_from("10")

    async def approve(at: Payments, bulk_id: UUID) -> Bulk:
        return await at.bulk_transfers.approve_bulk(actor=user(new_id()), bulk_id=bulk_id)

    async def reject(at: Payments, bulk_id: UUID) -> Bulk:
        return await at.bulk_transfers.reject_bulk(actor=user(new_id()), bulk_id=bulk_id, reason="no")

    async def cancel(at: Payments, bulk_id: UUID) -> Bulk:
        return await at.bulk_transfers.cancel_bulk(actor=bank.by_owner(source), bulk_id=bulk_id, reason="wrong month")

    async def at_once(*ways: Way) -> tuple[UUID, list[Any]]:
        waiting = await submit(bank, source, target, "10.00", at=bank.payments)
        assert waiting.status == "pending_approval"
        return waiting.id, await asyncio.gather(*(outcome(way(bank.process(), waiting.id)) for way in ways))

    for _ in range(5):
        _, answers = await at_once(approve, reject, approve, reject)
        assert kinds(answers) == {Bulk: 1, NotPending: 3}
        bulk_id, answers = await at_once(cancel, reject, cancel, reject)
        found = kinds(answers)
        assert (found[Bulk], found.get(NotPending, 0) + found.get(BulkEnded, 0)) == (1, 3)
        [won] = [answer for answer in answers if isinstance(answer, Bulk)]
        status = await bank.scalar("SELECT status FROM bulks WHERE id = :id", id=bulk_id)
        assert (status, won.decided_by is not None) in {("failed", True), ("cancelled", False)}
        # An approved file may be cancelled before it runs. Either way it ends cancelled and no line ran.
        bulk_id, answers = await at_once(approve, cancel)
        cancelled = await bank.scalar("SELECT status FROM bulks WHERE id = :id", id=bulk_id)
        assert (isinstance(answers[1], Bulk), cancelled) == (True, "cancelled")
        jobs = "SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'bulk_id' = :id"
        assert await bank.scalar(jobs, id=str(bulk_id)) == isinstance(answers[0], Bulk)
