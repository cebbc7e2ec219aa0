"""The lifecycle with many concurrent requests from several processes: each change happens once, without deadlocks."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import RequestInProgress
from chassis.testing.databases import DatabaseUrls
from kernel.errors import KeyReused
from kernel.ids import new_id
from kernel.money import Money
from payments.application import Payments
from payments.application.ports.transfers import Settled
from payments.application.wallets import open_wallet
from payments.domain.account import Account
from payments.domain.errors import (
    AccountClosed,
    AccountFrozen,
    LimitExceeded,
    NotEmpty,
    NotPending,
    RefundTooLarge,
    TooManyWallets,
)
from payments.domain.limits import LimitBook
from payments.domain.transfer import Transfer
from services.payments.tests.approvals import approval_from
from services.payments.tests.integration.use_case_bank import SERVICE, UseCaseBank, kinds, outcome, user
from services.payments.tests.unit.prices import limit

NOTHING = Decimal(0)


@pytest.fixture
async def bank(database_urls: DatabaseUrls) -> AsyncIterator[UseCaseBank]:
    database = Database.connect(database_urls.app, pool_size=20)
    bank = UseCaseBank(database)
    yield bank
    broken = await bank.broken()
    await database.close()
    assert broken == []


async def test_one_key_from_many_processes_makes_one_transfer(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    order = bank.order(source, target, "60.00", key="once")
    processes = [bank.process() for _ in range(10)]
    made = await asyncio.gather(*(bank.pay(order, at=processes[n % 10]) for n in range(50)))
    assert len({transfer.id for transfer in made}) == 1
    assert await bank.balance(source) == (Decimal(40), NOTHING)


async def test_a_hold_is_captured_once(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    held = await bank.pay(bank.order(source, target, "60.00", later=True))
    capture = bank.payments.transfers.capture_transfer
    half = Money.of("30.00", "NAD")
    outcomes = await asyncio.gather(
        *(outcome(capture(actor=bank.by_owner(target), transfer_id=held.id, amount=half)) for _ in range(20))
    )
    assert kinds(outcomes) == {Transfer: 1, NotPending: 19}
    assert (await bank.balance(source), await bank.balance(target)) == ((Decimal(70), NOTHING), (Decimal(30), NOTHING))


async def test_a_hold_is_either_captured_or_voided(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    transfers = bank.payments.transfers
    for _ in range(5):
        held = await bank.pay(bank.order(source, target, "10.00", later=True))
        actor = bank.by_owner(target)
        outcomes = await asyncio.gather(
            *(outcome(transfers.capture_transfer(actor=actor, transfer_id=held.id, amount=None)) for _ in range(5)),
            *(outcome(transfers.void_transfer(actor=actor, transfer_id=held.id, reason="no longer")) for _ in range(5)),
        )
        assert kinds(outcomes) == {Transfer: 1, NotPending: 9}


async def test_either_a_hold_is_captured_or_its_payee_is_closed(bank: UseCaseBank) -> None:
    source = await bank.wallet("100.00")
    close = bank.payments.wallets.close_wallet
    for _ in range(10):
        target = await bank.wallet()
        held, closed = await asyncio.gather(
            outcome(bank.pay(bank.order(source, target, "1.00", later=True), at=bank.process())),
            outcome(close(actor=bank.by_owner(target), wallet_id=target)),
        )
        assert (type(held), type(closed)) in {(Transfer, NotEmpty), (AccountClosed, Account)}


async def test_an_expired_hold_is_ended_by_one_of_many_jobs(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    for _ in range(5):
        await bank.pay(bank.order(source, target, "10.00", later=True))
    bank.clock.advance(days=7)
    assert sum(await asyncio.gather(*(bank.expire() for _ in range(8)))) == 5
    assert await bank.balance(source) == (Decimal(100), NOTHING)


async def test_a_transfer_is_decided_on_once(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    bank.prices.rules = approval_from("50")
    waiting = await bank.pay(bank.order(source, target, "60.00"))
    transfers = bank.payments.transfers
    outcomes = await asyncio.gather(
        *(outcome(transfers.approve_transfer(actor=bank.staff, transfer_id=waiting.id)) for _ in range(8)),
        *(outcome(transfers.reject_transfer(actor=bank.staff, transfer_id=waiting.id, reason="no")) for _ in range(8)),
    )
    assert kinds(outcomes) == {Transfer: 1, NotPending: 15}


async def test_at_the_deadline_either_the_approver_or_the_job_is_first(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet()
    bank.prices.rules = approval_from("5")
    approve = bank.payments.transfers.approve_transfer
    for _ in range(5):
        waiting = await bank.pay(bank.order(source, target, "10.00"))

        async def time_runs_out() -> int:
            bank.clock.advance(days=3)
            return await bank.expire()

        approved, ended = await asyncio.gather(outcome(approve(actor=bank.staff, transfer_id=waiting.id)), time_runs_out())
        assert isinstance(approved, Transfer) != bool(ended)
        view = await bank.payments.transfers.find_transfer(transfer_id=waiting.id)
        assert (view.status, view.held) == ("failed" if ended else "completed", NOTHING)


async def test_concurrent_refunds_never_exceed_the_whole(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet("500.00")
    paid = await bank.pay(bank.order(source, target, "100.00"))
    refund = bank.payments.transfers.refund_transfer
    part = Money.of("15.00", "NAD")
    outcomes = await asyncio.gather(
        *(
            outcome(refund(actor=bank.by_owner(target), key=f"r{n}", transfer_id=paid.id, amount=part, reason="part"))
            for n in range(20)
        )
    )
    assert kinds(outcomes) == {Settled: 6, RefundTooLarge: 14}
    assert await bank.balance(source) == (Decimal(90), NOTHING)


async def test_one_key_of_a_refund_returns_the_money_once(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet("500.00")
    paid = await bank.pay(bank.order(source, target, "100.00"))
    give_back = bank.payments.transfers
    refunds = await asyncio.gather(
        *(
            give_back.refund_transfer(actor=bank.by_owner(target), key="once", transfer_id=paid.id, amount=None, reason="all")
            for _ in range(20)
        )
    )
    assert len({one.transfer.id for one in refunds}) == 1
    assert sum(not one.replayed for one in refunds) == 1


async def test_a_refund_and_a_reversal_do_not_both_happen(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("100.00"), await bank.wallet("500.00")
    give_back = bank.payments.transfers
    for n in range(5):
        paid = await bank.pay(bank.order(source, target, "10.00"))
        outcomes = await asyncio.gather(
            outcome(
                give_back.refund_transfer(
                    actor=bank.by_owner(target), key=f"f{n}", transfer_id=paid.id, amount=Money.of("1.00", "NAD"), reason="part"
                )
            ),
            outcome(give_back.reverse_transfer(actor=bank.staff, key=f"v{n}", transfer_id=paid.id, reason="mistake")),
        )
        assert kinds(outcomes)[Settled] == 1


async def test_opposite_transfers_do_not_deadlock(bank: UseCaseBank) -> None:
    wallets = [await bank.wallet("1000.00") for _ in range(4)]
    processes = [bank.process() for _ in range(8)]
    pairs = [(source, target) for source in wallets for target in wallets if source != target]
    orders = [bank.order(*pairs[n % len(pairs)], "1.00") for n in range(240)]
    made = await asyncio.gather(*(bank.pay(order, at=processes[n % 8]) for n, order in enumerate(orders)))
    assert {transfer.status for transfer in made} == {"completed"}
    assert sum([(await bank.balance(wallet))[0] for wallet in wallets]) == 4000


async def test_a_concurrent_freeze_leaves_complete_transfers_only(bank: UseCaseBank) -> None:
    source, target = await bank.wallet("1000.00"), await bank.wallet()
    paid = asyncio.Event()

    async def pay(at: Payments) -> Transfer:
        transfer = await bank.pay(bank.order(source, target, "1.00"), at=at)
        paid.set()
        return transfer

    async def freeze() -> None:
        await paid.wait()
        await bank.payments.wallets.freeze_wallet(actor=SERVICE, wallet_id=source, reason="suspicion")

    processes = [bank.process() for _ in range(4)]
    outcomes = await asyncio.gather(*(outcome(pay(processes[n % 4])) for n in range(100)), freeze())
    after = await outcome(bank.pay(bank.order(source, target, "1.00")))
    made = kinds(outcomes).get(Transfer, 0)
    assert isinstance(after, AccountFrozen)
    assert kinds(outcomes).get(AccountFrozen, 0) == 100 - made
    assert await bank.balance(source) == (Decimal(1000 - made), NOTHING)


async def test_limits_cover_all_wallets_of_an_owner_together(bank: UseCaseBank) -> None:
    bank.prices.limit_book = LimitBook([limit(day_max="50")])
    owner = new_id()
    sources = [await bank.wallet("100.00", owner_id=owner) for _ in range(3)]
    target = await bank.wallet()
    processes = [bank.process() for _ in range(6)]
    outcomes = await asyncio.gather(
        *(outcome(bank.pay(bank.order(sources[n % 3], target, "4.00"), at=processes[n % 6])) for n in range(30))
    )
    assert kinds(outcomes) == {Transfer: 12, LimitExceeded: 18}


async def test_one_key_for_different_wallets_at_once_makes_one_transfer(bank: UseCaseBank) -> None:
    """The requests lock different accounts, so the unique key in the database decides."""
    owner = new_id()
    pairs = [(await bank.wallet("10.00", owner_id=owner), await bank.wallet()) for _ in range(4)]
    processes = [bank.process() for _ in range(4)]
    for n in range(5):
        orders = [bank.order(source, target, "1.00", key=f"k{n}") for source, target in pairs]
        outcomes = await asyncio.gather(
            *(outcome(bank.pay(order, at=process)) for order, process in zip(orders, processes, strict=True))
        )
        assert kinds(outcomes) == {Transfer: 1, KeyReused: 3}


async def test_one_key_for_a_refund_and_a_transfer_at_once_makes_one_of_them(bank: UseCaseBank) -> None:
    source, shop, other = await bank.wallet("100.00"), await bank.wallet("100.00"), await bank.wallet()
    savings = await bank.wallet("100.00", owner_id=bank.owners[shop])
    for n in range(8):
        paid = await bank.pay(bank.order(source, shop, "10.00"))
        refund = bank.payments.transfers.refund_transfer(
            actor=bank.by_owner(shop), key=f"k{n}", transfer_id=paid.id, amount=None, reason="back"
        )
        outcomes = await asyncio.gather(outcome(refund), outcome(bank.pay(bank.order(savings, other, "1.00", key=f"k{n}"))))
        made = [one for one in outcomes if isinstance(one, (Transfer, Settled))]
        refused = [one for one in outcomes if isinstance(one, (KeyReused, RequestInProgress))]
        assert (len(made), len(refused)) == (1, 1)


async def test_the_number_of_wallets_is_limited_however_many_are_opened_at_once(
    bank: UseCaseBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_wallet, "WALLETS_MAX", 3)
    owner = user(new_id())
    opened = await asyncio.gather(
        *(outcome(bank.process().wallets.open_wallet(actor=owner, currency="NAD", name="")) for _ in range(8))
    )
    assert kinds(opened) == {Account: 3, TooManyWallets: 5}
