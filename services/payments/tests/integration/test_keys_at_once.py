"""One key sent at once from several processes for different requests: one of them is made, without deadlocks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import RequestInProgress
from chassis.testing.databases import DatabaseUrls
from kernel.errors import KeyReused
from kernel.ids import new_id
from kernel.money import Money
from payments.application import Payments
from payments.application.bulk_transfers.acceptance import AcceptedBulk
from payments.application.ports.transfers import Settled
from payments.application.schedules.plan_transfer import PlannedSchedule
from payments.domain.schedule import Frequency, StandingOrder
from payments.domain.transfer_order import leg_key
from services.payments.tests.integration.use_case_bank import UseCaseBank, kinds, outcome

# Each request has another amount, so that the test sees which one was made.
WAYS: Final = ("transfer", "linked", "bulk", "schedule")
COUNTS: Final = """
    SELECT (SELECT count(*) FROM transfers WHERE initiator_id = :owner AND kind = 'transfer'),
           (SELECT count(*) FROM bulks WHERE initiator_id = :owner),
           (SELECT count(*) FROM schedules WHERE initiator_id = :owner)
"""
WRITTEN: Final = {"transfer": (1, 0, 0), "linked": (2, 0, 0), "bulk": (0, 1, 0), "schedule": (0, 0, 1)}


@pytest.fixture
async def bank(database_urls: DatabaseUrls) -> AsyncIterator[UseCaseBank]:
    database = Database.connect(database_urls.app, pool_size=20)
    bank = UseCaseBank(database)
    yield bank
    broken = await bank.broken()
    await database.close()
    assert broken == []


def ask(bank: UseCaseBank, way: str, source: UUID, target: UUID, key: str, at: Payments) -> Awaitable[Any]:
    actor = bank.by_owner(source)
    match way:
        case "transfer":
            return at.transfers.transfer_tokens(actor=actor, order=bank.order(source, target, "1.00", key=key))
        case "linked":
            orders = [bank.order(source, target, "1.00", key=leg_key(key, number)) for number in range(2)]
            return at.transfers.transfer_linked(actor=actor, orders=orders)
        case "bulk":
            return bank.hand_in(source, target, "1.00", key=key, at=at)
        case _:
            order = StandingOrder(
                source_id=source,
                target_id=target,
                amount=Money.of("1.00", "NAD"),
                frequency=Frequency.ONCE,
                starts_at=bank.clock.now() + timedelta(days=1),
            )
            return at.schedules.plan_transfer(actor=actor, key=key, order=order)


async def cancel(bank: UseCaseBank, source: UUID, way: str, outcomes: Sequence[Any]) -> None:
    """Cancel what was made, because a payer may have only a limited number open."""
    actor = bank.by_owner(source)
    if way == "bulk":
        made = next(one.bulk.id for one in outcomes if isinstance(one, AcceptedBulk))
        await bank.payments.bulk_transfers.cancel_bulk(actor=actor, bulk_id=made, reason="no longer")
    else:
        made = next(one.schedule.id for one in outcomes if isinstance(one, PlannedSchedule))
        await bank.payments.schedules.cancel_schedule(actor=actor, schedule_id=made, reason="no longer")


async def written(bank: UseCaseBank, owner_id: UUID) -> tuple[int, int, int]:
    async with bank.database.read() as connection:
        row: Any = (await connection.exec_driver_sql(COUNTS.replace(":owner", f"'{owner_id}'"))).one()
    return row[0], row[1], row[2]


async def test_one_key_for_each_kind_of_request_at_once_makes_one_of_them(bank: UseCaseBank) -> None:
    processes = [bank.process() for _ in range(4)]
    target = await bank.wallet()
    for n in range(8):
        owner_id = new_id()
        # One wallet each, so that no two requests wait for the same account.
        sources = [await bank.wallet("10.00", owner_id=owner_id) for _ in WAYS]
        turned = [*WAYS[n % 4 :], *WAYS[: n % 4]]
        outcomes = await asyncio.gather(
            *(outcome(ask(bank, way, sources[i], target, "k", processes[i])) for i, way in enumerate(turned))
        )
        won = [way for way, one in zip(turned, outcomes, strict=True) if not isinstance(one, (KeyReused, RequestInProgress))]
        assert len(won) == 1, outcomes
        assert await written(bank, owner_id) == WRITTEN[won[0]]


async def test_one_key_for_files_and_schedules_at_once_makes_one_of_them(bank: UseCaseBank) -> None:
    """Neither locks an account; the lock on the payer's spending serializes them."""
    processes = [bank.process() for _ in range(4)]
    source, target = await bank.wallet("10.00"), await bank.wallet()
    for n in range(10):
        before = await written(bank, bank.owners[source])
        ways = ["bulk", "schedule"] * 2
        outcomes = await asyncio.gather(
            *(outcome(ask(bank, way, source, target, f"k{n}", process)) for way, process in zip(ways, processes, strict=True))
        )
        won = {way for way, one in zip(ways, outcomes, strict=True) if not isinstance(one, (KeyReused, RequestInProgress))}
        assert len(won) == 1, outcomes
        after = await written(bank, bank.owners[source])
        assert sum(after) == sum(before) + 1
        await cancel(bank, source, won.pop(), outcomes)


async def test_one_key_of_one_request_at_once_is_made_once_with_equal_responses(bank: UseCaseBank) -> None:
    processes = [bank.process() for _ in range(4)]
    for way in WAYS:
        source, target = await bank.wallet("10.00"), await bank.wallet()
        outcomes = await asyncio.gather(*(ask(bank, way, source, target, "k", processes[n % 4]) for n in range(12)))
        replayed = [one[0].replayed if way == "linked" else one.replayed for one in outcomes]
        assert sorted(replayed) == [False, *[True] * 11]
        assert await written(bank, bank.owners[source]) == WRITTEN[way]


async def test_opposite_transfers_and_refunds_and_files_and_schedules_do_not_deadlock(bank: UseCaseBank) -> None:
    """Keys are claimed under the locks of the caller's and the payer's spending, which follow those of their accounts."""
    wallets = [await bank.wallet("1000.00") for _ in range(3)]
    pairs = [(source, target) for source in wallets for target in wallets if source != target]
    processes = [bank.process() for _ in range(6)]
    paid = [(source, target, await bank.pay(bank.order(source, target, "10.00"))) for source, target in pairs * 2]

    def refund(n: int) -> Awaitable[Settled]:
        _, target, transfer = paid[n]
        return processes[n % 6].transfers.refund_transfer(
            actor=bank.by_owner(target), key=f"r{n}", transfer_id=transfer.id, amount=Money.of("1.00", "NAD"), reason="part"
        )

    def reverse(n: int) -> Awaitable[Settled]:
        return processes[n % 6].transfers.reverse_transfer(
            actor=bank.staff, key=f"v{n}", transfer_id=paid[n][2].id, reason="mistake"
        )

    work: list[Awaitable[Any]] = []
    for n in range(len(paid)):
        source, target, _ = paid[n]
        work += [ask(bank, way, source, target, f"{way}{n}", processes[n % 6]) for way in WAYS]
        work.append(refund(n) if n % 2 else reverse(n))
    # As many at once as there are connections: a request that waits for one would time out on a busy machine.
    connections = asyncio.Semaphore(15)

    async def connected(one: Awaitable[Any]) -> Any:
        async with connections:
            return await outcome(one)

    outcomes = await asyncio.gather(*(connected(one) for one in work))
    found = {kind.__name__: count for kind, count in kinds(outcomes).items()}
    assert found == {"Settled": 2 * len(paid), "list": len(paid), "AcceptedBulk": len(paid), "PlannedSchedule": len(paid)}
    assert sum([(await bank.balance(wallet))[0] for wallet in wallets]) == Decimal(3000)
