"""Money is neither created nor lost: a state machine over the whole lifecycle, against a model, on the real database."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.databases import Databases
from chassis.testing.machines import run_machine
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Money
from payments.application.ports.transfers import Settled
from payments.domain.account import SystemCode, system_account_id
from payments.domain.errors import OwnDecision, SelfTransfer
from payments.domain.limits import LimitBook
from payments.domain.price_book import PriceBook
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferOrder
from services.payments.tests.approvals import approval_from
from services.payments.tests.conftest import VERSIONS
from services.payments.tests.integration.ledger_model import APPROVAL_FROM, DAY_MAX, FEE, HOLD_LIFE, Model, ModelWallet, Refusals
from services.payments.tests.integration.use_case_bank import SERVICE, UseCaseBank, outcome, user
from services.payments.tests.unit.prices import fee_rule, limit, tier

T = TypeVar("T")
_FEES = system_account_id(SystemCode.FEES, "NAD")
# Often small, sometimes above the approval threshold, rarely above the daily limit.
cents = st.one_of(st.integers(1, 120_00), st.integers(APPROVAL_FROM - 1, APPROVAL_FROM + 200_00), st.integers(1, DAY_MAX + 2))
shares = st.sampled_from([1, 25, 50, 99, 100, 101])


def decimal(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def money(amount: int) -> Money:
    return Money.of(decimal(amount), "NAD")


@dataclass
class Driver:
    """The bank, called from synchronous rules."""

    runner: asyncio.Runner
    bank: UseCaseBank

    def run(self, work: Awaitable[T]) -> T:
        async def wrapped() -> T:
            return await work

        return self.runner.run(wrapped())

    def start_example(self) -> None:
        """Move to 08:00 with nothing overdue, so that no example depends on an earlier one."""
        clock = self.bank.clock
        overdue_at = clock.now() + HOLD_LIFE + timedelta(days=1)
        clock.advance(seconds=(overdue_at.replace(hour=6, minute=0) - clock.now()).total_seconds())
        while self.run(self.bank.expire()):
            pass


class Lifecycle(RuleBasedStateMachine):
    driver: ClassVar[Driver]
    # The statuses that transfers had, in all examples.
    met: ClassVar[set[str]] = set()
    wallets = Bundle("wallets")
    transfers = Bundle("transfers")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.bank = self.driver.bank
        self.driver.start_example()
        self.fees_before = self.driver.run(self._fees())

    @initialize(target=wallets)
    def two_wallets(self) -> Any:
        return multiple(self._open(new_id(), 900_00), self._open(new_id(), 2000_00))

    @rule(target=wallets, sibling=wallets, funds=st.integers(1, 500_00))
    def fund(self, sibling: UUID, funds: int) -> Any:
        """Issue money into a wallet. A frozen wallet receives none, so its owner opens another one."""
        if self.model.wallets[sibling].frozen:
            return self._open(self.model.wallets[sibling].owner_id, funds)
        self.driver.run(self.bank.issue(sibling, decimal(funds)))
        self.model.wallets[sibling].balance += funds
        self.model.issued += funds
        return multiple()

    @rule(target=transfers, source=wallets, goal=wallets, amount=cents, later=st.booleans())
    def pay(self, source: UUID, goal: UUID, amount: int, later: bool) -> Any:  # drawn by name
        return self._pay_all([(source, goal if goal != source or later else self._other(goal), amount, later)])

    @rule(target=transfers, source=wallets, amount=st.integers(1, 80_00))
    def pay_a_little(self, source: UUID, amount: int) -> Any:
        return self._pay_all([(source, self._other(source), amount, False)])

    @rule(target=transfers, source=wallets, amount=st.integers(1, 80_00))
    def hold_a_little(self, source: UUID, amount: int) -> Any:
        return self._pay_all([(source, self._other(source), amount, True)])

    @rule(target=transfers, source=wallets, amount=st.integers(APPROVAL_FROM, APPROVAL_FROM + 100_00), later=st.booleans())
    def submit(self, source: UUID, amount: int, later: bool) -> Any:
        return self._pay_all([(source, self._other(source), amount, later)])

    @rule(
        target=transfers,
        orders=st.lists(st.tuples(wallets, wallets, st.integers(1, 400_00), st.booleans()), min_size=2, max_size=5),
    )
    def pay_together(self, orders: list[tuple[UUID, UUID, int, bool]]) -> Any:
        """Post transfers in one batch: each has its own outcome, in the order of the request."""
        return self._pay_all(orders)

    @rule(transfer=transfers)
    def repeat(self, transfer: UUID) -> None:
        """A repeated key returns the first response, whatever has happened to the transfer."""
        one = self.model.transfers[transfer]
        order, first = one.order, one.began
        again = self.driver.run(self.bank.payments.transfers.transfer_tokens(actor=user(order.initiator_id), order=order))
        assert (again.replayed, again.transfer.id) == (True, transfer)
        assert again.transfer.status == first
        assert (again.transfer.refunded, again.transfer.captured) == (Decimal(0), None)

    @rule(transfer=transfers, share=shares, by_source=st.booleans())
    def capture(self, transfer: UUID, share: int, by_source: bool) -> None:  # drawn by name
        one = self.model.transfers[transfer]
        part = max(1, one.amount * share // 100)
        actor = self.bank.by_owner(one.source_id if by_source else one.target_id)
        act = self.bank.payments.transfers.capture_transfer(actor=actor, transfer_id=transfer, amount=money(part))
        if self._done(act, self.model.refuses_capture(transfer, part, self.bank.clock.now())):
            self.model.capture(transfer, part)

    @rule(transfer=transfers)
    def void(self, transfer: UUID) -> None:
        actor = self.bank.by_owner(self.model.transfers[transfer].target_id)
        act = self.bank.payments.transfers.void_transfer(actor=actor, transfer_id=transfer, reason="no longer")
        if self._done(act, self.model.refuses_end(transfer)):
            self.model.end(transfer, "cancelled")

    @rule(transfer=transfers, own=st.sampled_from([False, False, False, True]))
    def approve(self, transfer: UUID, own: bool) -> None:  # drawn by name
        at = self.bank.clock.now()
        refusals = self.model.refuses_decision(transfer, at, approved=True) | ({OwnDecision} if own else set())
        actor = self.bank.by_owner(self.model.transfers[transfer].source_id) if own else self.bank.staff
        if self._done(self.bank.payments.transfers.approve_transfer(actor=actor, transfer_id=transfer), refusals):
            self.model.approve(transfer, at)

    @rule(transfer=transfers)
    def reject(self, transfer: UUID) -> None:
        act = self.bank.payments.transfers.reject_transfer(actor=self.bank.staff, transfer_id=transfer, reason="unknown payee")
        if self._done(act, self.model.refuses_decision(transfer, self.bank.clock.now(), approved=False)):
            self.model.end(transfer, "failed")

    @rule(transfer=transfers, share=shares)
    def refund(self, transfer: UUID, share: int) -> None:
        one = self.model.transfers[transfer]
        amount = max(1, (one.moved or one.amount) * share // 100)
        act = self.bank.payments.transfers.refund_transfer(
            actor=self.bank.by_owner(one.target_id), key=str(new_id()), transfer_id=transfer, amount=money(amount), reason="back"
        )
        if self._done(act, self.model.refuses_refund(transfer, amount)):
            self.model.refund(transfer, amount)

    @rule(transfer=transfers)
    def reverse(self, transfer: UUID) -> None:
        act = self.bank.payments.transfers.reverse_transfer(
            actor=self.bank.staff, key=str(new_id()), transfer_id=transfer, reason="mistake"
        )
        if self._done(act, self.model.refuses_reversal(transfer)):
            self.model.reverse(transfer)

    @rule(wallet=wallets, thaw=st.sampled_from([True, True, False]))
    def freeze(self, wallet: UUID, thaw: bool) -> None:
        """Freeze a wallet, or unfreeze all wallets. Unfreezing is more frequent, or soon no money could move."""
        wallets = self.bank.payments.wallets
        if not thaw:
            self.driver.run(wallets.freeze_wallet(actor=SERVICE, wallet_id=wallet, reason="suspicion"))
            self.model.wallets[wallet].frozen = True
            return
        for wallet_id, one in self.model.wallets.items():
            if one.frozen:
                self.driver.run(wallets.unfreeze_wallet(actor=SERVICE, wallet_id=wallet_id, reason="cleared"))
                one.frozen = False

    @rule(hours=st.sampled_from([1, 15, 71, 72, 168]), job=st.booleans())
    def time_passes(self, hours: int, job: bool) -> None:  # drawn by name
        self.bank.clock.advance(seconds=hours * 3600)
        if job:
            assert self.driver.run(self.bank.expire()) == self.model.expire(self.bank.clock.now())

    @invariant()
    def the_database_matches_the_model(self) -> None:
        accounts, transfers, total, on_hold, fees = self.driver.run(self._read())
        assert total == 0
        for wallet_id, balance, held, posted in accounts:
            wallet = self.model.wallets[wallet_id]
            assert (balance, held) == (decimal(wallet.balance), decimal(wallet.held)), wallet_id
            assert posted == balance >= held >= 0
            assert held == on_hold.get(wallet_id, 0)
        self.met.update(status for _, status, _, _ in transfers)
        for transfer_id, status, held, refunded in transfers:
            one = self.model.transfers[transfer_id]
            assert (status, held, refunded) == (one.status, decimal(one.held), decimal(one.refunded))
        assert fees - self.fees_before == decimal(self.model.fees)
        assert sum(wallet.balance for wallet in self.model.wallets.values()) + self.model.fees == self.model.issued

    def _open(self, owner_id: UUID, funds: int) -> UUID:
        wallet_id = self.driver.run(self.bank.wallet(str(decimal(funds)), owner_id=owner_id))
        self.model.wallets[wallet_id] = ModelWallet(owner_id, funds)
        self.model.issued += funds
        return wallet_id

    def _other(self, wallet_id: UUID) -> UUID:
        return next(other for other in self.model.wallets if other != wallet_id)

    def _pay_all(self, asked: list[tuple[UUID, UUID, int, bool]]) -> Any:
        orders: list[tuple[TransferOrder, int]] = []
        for source, goal, amount, later in asked:
            if source == goal:
                with pytest.raises(SelfTransfer):
                    self.bank.order(source, goal, decimal(amount), later=later)
                continue
            orders.append((self.bank.order(source, goal, decimal(amount), later=later), amount))

        async def send_all() -> list[Any]:
            return await asyncio.gather(*(outcome(self.bank.pay(order)) for order, _ in orders))

        at, made = self.bank.clock.now(), []
        for (order, amount), came in zip(orders, self.driver.run(send_all()), strict=True):
            if self._as_expected(came, self.model.refuses_payment(order, amount, at)):
                self.model.pay(came.id, order, amount, at)
                made.append(came.id)
        return multiple(*made)

    def _done(self, act: Awaitable[Any], refusals: Refusals) -> bool:
        return self._as_expected(self.driver.run(outcome(act)), refusals)

    def _as_expected(self, came: Any, refusals: Refusals) -> bool:
        """Require an error that the model expects, or success if it expects none."""
        if refusals:
            assert isinstance(came, DomainError), f"was done, in spite of {refusals}"
            assert type(came) in refusals
            return False
        assert isinstance(came, (Transfer, Settled)), f"was refused: {came!r}"
        return True

    async def _fees(self) -> Decimal:
        fees: Decimal = await self.bank.scalar("SELECT balance FROM accounts WHERE id = :id", id=_FEES)
        return fees

    async def _read(self) -> tuple[Any, Any, Decimal, dict[UUID, Decimal], Decimal]:
        """Return accounts with their postings, transfers, the sum of all balances, the held money and the fees."""
        mine = {"wallets": list(self.model.wallets), "transfers": list(self.model.transfers)}
        async with self.bank.database.read() as connection:
            accounts = (await connection.execute(_ACCOUNTS, mine)).all()
            transfers = (await connection.execute(_TRANSFERS, mine)).all()
            on_hold = (await connection.execute(_ON_HOLD, mine)).all()
            total, fees = (await connection.execute(_SUMS, {"fees": _FEES})).one()
        assert len(transfers) == len(self.model.transfers)
        return accounts, transfers, total, {row[0]: row[1] for row in on_hold}, fees


_ACCOUNTS = text(
    """
    SELECT a.id, a.balance, a.held, coalesce((SELECT sum(amount) FROM postings p WHERE p.account_id = a.id), 0)
    FROM accounts a WHERE a.id = ANY(:wallets)
    """
)
_SUMS = text("SELECT sum(balance), sum(balance) FILTER (WHERE id = :fees) FROM accounts")
_TRANSFERS = text("SELECT id, status, held, refunded FROM transfers WHERE id = ANY(:transfers)")
_ON_HOLD = text(
    """
    SELECT source_id, sum(held) FROM transfers
    WHERE source_id = ANY(:wallets) AND status IN ('pending', 'pending_approval') GROUP BY source_id
    """
)


@pytest.fixture
def driver(databases: Databases) -> Iterator[Driver]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def start() -> UseCaseBank:
            urls = await stack.enter_async_context(databases.create("payments", VERSIONS))
            database = Database.connect(urls.app, pool_size=5)
            stack.push_async_callback(database.close)
            return UseCaseBank(database)

        yield Driver(runner, runner.run(start()))
        runner.run(stack.aclose())


def test_money_is_conserved_for_any_sequence_of_requests(driver: Driver) -> None:
    prices = driver.bank.prices
    prices.book = PriceBook([fee_rule(tier(flat=str(decimal(FEE))), refundable=True)])
    prices.limit_book = LimitBook([limit(day_max=str(decimal(DAY_MAX)))])
    prices.rules = approval_from(decimal(APPROVAL_FROM), lambda question: question.kind == "transfer")
    Lifecycle.driver = driver
    run_machine(Lifecycle, examples=20, steps=50)
    assert driver.run(driver.bank.broken()) == []
    assert set(TransferStatus) == Lifecycle.met
