"""The export of a wallet adds up to its balance, in every format and after any history, on the real database."""

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chassis.files import written
from chassis.persistence.database import Database
from chassis.testing.databases import Databases
from chassis.testing.machines import run_machine
from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Money
from payments.application.statements.views import Movement
from payments.application.transfers.views import HistoryFilter
from payments.domain.account import WalletUsage
from payments.domain.price_book import PriceBook
from payments.domain.transfer import TransferStatus
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.interfaces.documents.transfers_table import transfers_table
from services.payments.tests.approvals import approval_from
from services.payments.tests.conftest import VERSIONS
from services.payments.tests.integration.use_case_bank import SERVICE, UseCaseBank, outcome, user
from services.payments.tests.unit.prices import fee_rule, fx_rate, tier

T = TypeVar("T")
APPROVAL_FROM = "300.00"
cents = st.one_of(st.integers(1, 120_00), st.integers(299_99, 400_00))
shares = st.sampled_from([1, 33, 50, 99, 100])
verbs = st.sampled_from(["capture", "void", "approve", "reject", "refund", "refund", "reverse"])
numbers = st.integers(0, 100)


def money(amount: int, currency: str = "NAD") -> Money:
    return Money.of(Decimal(amount).scaleb(-2), currency)


@dataclass
class Wallet:
    id: UUID
    owner_id: UUID
    currency: str


@dataclass
class BankRunner:
    runner: asyncio.Runner
    bank: UseCaseBank
    kinds: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)

    def run(self, work: Awaitable[T]) -> T:
        async def wrapped() -> T:
            return await work

        return self.runner.run(wrapped())


async def csv_rows(batches: AsyncIterator[Sequence[Movement]]) -> list[dict[str, Any]]:
    document = b"".join([chunk async for chunk in written(transfers_table(batches), "csv")])
    return list(csv.DictReader(io.StringIO(document.decode(), newline="")))


async def parquet_rows(batches: AsyncIterator[Sequence[Movement]]) -> list[dict[str, Any]]:
    document = b"".join([chunk async for chunk in written(transfers_table(batches), "parquet")])
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(document)).to_pylist()
    return rows


FORMATS: dict[str, Callable[[AsyncIterator[Sequence[Movement]]], Awaitable[list[dict[str, Any]]]]] = {
    "csv": csv_rows,
    "parquet": parquet_rows,
}


class Histories(RuleBasedStateMachine):
    """Errors are part of a history: a refused request moves nothing."""

    bank_runner: ClassVar[BankRunner]

    def __init__(self) -> None:
        super().__init__()
        self.bank = self.bank_runner.bank
        self.wallets: list[Wallet] = []
        self.transfers: list[tuple[UUID, Actor]] = []

    @initialize()
    def open_wallets(self) -> None:
        payer, merchant = new_id(), new_id()
        for owner_id, currency in ((payer, "NAD"), (merchant, "NAD"), (payer, "NAD"), (payer, "USD"), (merchant, "USD")):
            wallet = Wallet(new_id(), owner_id, currency)
            self.wallets.append(wallet)
            self.bank_runner.run(
                self.bank.payments.wallets.open_issued_wallet(
                    actor=SERVICE, wallet_id=wallet.id, owner_id=owner_id, currency=currency
                )
            )
            self.issue(len(self.wallets) - 1, 900_00)
            if owner_id == merchant:
                use = self.bank.payments.wallets.set_wallet_usage
                # Opened and funded.
                sale = use(actor=self.bank.staff, wallet_id=wallet.id, usage=WalletUsage.MERCHANT, version=1, reason="a shop")
                self._do(sale)

        # One transfer of each kind and status; the rest is drawn.
        for payee, later, reference, acts in (
            (1, True, "INV-7", [("capture", 50), ("refund", 33)]),
            (1, False, "", [("refund", 33), ("refund", 33)]),
            (3, False, "", [("reverse", 100)]),
            (4, False, "", []),
            (2, True, "", [("void", 100)]),
            (2, True, "", []),
        ):
            self.pay(0, payee, 20_00, later, reference, acts)
        self.pay(1, 0, 300_00, later=False, reference="", acts=[("reject", 100)])
        self.pay(1, 0, 300_00, later=False, reference="", acts=[])

    @rule(number=numbers, amount=cents)
    def issue(self, number: int, amount: int) -> None:
        wallet = self._wallet(number)
        self._do(
            self.bank.payments.issuances.issue_money(
                actor=self.bank.staff,
                key=str(new_id()),
                wallet_id=wallet.id,
                amount=money(amount, wallet.currency),
                reason="funds",
            )
        )

    @rule(
        payer=numbers,
        payee=numbers,
        amount=cents,
        later=st.booleans(),
        reference=st.sampled_from(["", "INV-7"]),
        acts=st.lists(st.tuples(verbs, shares), max_size=4),
    )
    def pay(  # drawn by name
        self, payer: int, payee: int, amount: int, later: bool, reference: str, acts: list[tuple[str, int]]
    ) -> None:
        """Pay, and perform some acts on the payment. Between currencies it is a conversion."""
        source, target = self._wallet(payer), self._wallet(payee)
        if source is target:
            return
        converts = source.currency != target.currency
        kind = TransferKind.CONVERSION if converts else TransferKind.TRANSFER
        order = TransferOrder(
            kind=kind,
            key=str(new_id()),
            initiator_id=source.owner_id,
            source_id=source.id,
            target_id=target.id,
            amount=money(amount, source.currency),
            description="",
            reference="" if converts else reference,
            target_currency=target.currency if converts else None,
            capture_later=later and not converts,
        )
        made = self._do(self.bank.pay(order))
        if not isinstance(made, DomainError):
            self.transfers.append((made.id, user(target.owner_id)))
            for verb, share in acts:
                self._act(*self.transfers[-1], verb, share)

    @rule(number=numbers, verb=verbs, share=shares)
    def act(self, number: int, verb: str, share: int) -> None:
        """Perform an act on an earlier transfer."""
        if self.transfers:
            self._act(*self.transfers[number % len(self.transfers)], verb, share)

    def _act(self, transfer_id: UUID, payee: Actor, verb: str, share: int) -> None:
        transfers, staff, key = self.bank.payments.transfers, self.bank.staff, str(new_id())
        transfer = self.bank_runner.run(self.bank.payments.transfers.find_transfer(transfer_id=transfer_id))
        # Shares are percentages; money is in cents.
        part = money(int(transfer.moved.amount * share), transfer.moved.currency.code)
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "capture": lambda: transfers.capture_transfer(actor=payee, transfer_id=transfer_id, amount=part),
            "void": lambda: transfers.void_transfer(actor=payee, transfer_id=transfer_id, reason="no longer"),
            "approve": lambda: transfers.approve_transfer(actor=staff, transfer_id=transfer_id),
            "reject": lambda: transfers.reject_transfer(actor=staff, transfer_id=transfer_id, reason="unknown payee"),
            "refund": lambda: transfers.refund_transfer(
                actor=payee, key=key, transfer_id=transfer_id, amount=part, reason="returned goods"
            ),
            "reverse": lambda: transfers.reverse_transfer(actor=staff, key=key, transfer_id=transfer_id, reason="mistake"),
        }
        if part.is_positive:
            self._do(acts[verb]())

    def teardown(self) -> None:
        self.bank_runner.run(self._compare())

    async def _compare(self) -> None:
        export = self.bank.payments.statements.export_transfers
        balances = {wallet.id: (await self.bank.balance(wallet.id))[0] for wallet in self.wallets}
        for wallet in self.wallets:
            wanted = HistoryFilter(wallet_id=wallet.id)
            for name, rows_of in FORMATS.items():
                rows = await rows_of(export(actor=user(wallet.owner_id), wanted=wanted, batch=7))
                assert len(rows) == len({row["id"] for row in rows})
                assert {(row["wallet_id"], row["moved_currency"]) for row in rows} == {(str(wallet.id), wallet.currency)}
                assert sum(Decimal(row["moved"]) for row in rows) == balances[wallet.id], name
                for row in rows:
                    self._require_consistent(row)
                    self.bank_runner.kinds.add(row["kind"])
                    self.bank_runner.statuses.add(row["status"])
        for owner_id in {wallet.owner_id for wallet in self.wallets}:
            moved: dict[str, Decimal] = defaultdict(Decimal)
            for row in await csv_rows(export(actor=user(owner_id), wanted=HistoryFilter(), batch=7)):
                moved[row["wallet_id"]] += Decimal(row["moved"])
            assert moved == {str(wallet.id): balances[wallet.id] for wallet in self.wallets if wallet.owner_id == owner_id}

    @staticmethod
    def _require_consistent(row: dict[str, Any]) -> None:
        moved, fee, amount = Decimal(row["moved"]), Decimal(row["fee"]), Decimal(row["amount"])
        if row["status"] not in {"completed", "reversed"}:
            assert moved == fee == 0
            assert not row["settled_at"]
            return
        assert (moved < 0) == (row["direction"] == "out")
        converted = bool(row["target_currency"])
        if row["kind"] in {"transfer", "payment"} and not (converted and row["direction"] == "in"):
            went = Decimal(row["captured_amount"]) if row["captured_amount"] else amount
            expected = (-went - Decimal(row["fee_total"]), Decimal(row["fee_total"])) if row["direction"] == "out" else (went, 0)
            assert (moved, fee) == expected
        if converted and row["direction"] == "in":
            assert (moved, row["moved_currency"]) == (Decimal(row["target_amount"]), row["target_currency"])

    def _wallet(self, number: int) -> Wallet:
        return self.wallets[number % len(self.wallets)]

    def _do(self, act: Awaitable[Any]) -> Any:
        return self.bank_runner.run(outcome(act))


@pytest.fixture
def bank_runner(databases: Databases) -> Iterator[BankRunner]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def start() -> UseCaseBank:
            urls = await stack.enter_async_context(databases.create("payments", VERSIONS))
            database = Database.connect(urls.app, pool_size=5)
            stack.push_async_callback(database.close)
            return UseCaseBank(database)

        yield BankRunner(runner, runner.run(start()))
        runner.run(stack.aclose())


def test_the_export_of_a_wallet_adds_up_to_its_balance(bank_runner: BankRunner) -> None:
    rules = [
        fee_rule(tier(flat="0.50", percent="1"), refundable=True, vat_percent=Decimal(15)),
        fee_rule(tier(flat="1.10"), code="payment", kind="payment", vat_percent=Decimal(15)),
        fee_rule(tier(flat="2.00"), code="conversion", kind="conversion", refundable=True),
    ]
    bank_runner.bank.prices.book = PriceBook(rules, [fx_rate(), fx_rate("18.1234", base="USD", quote="NAD")])
    bank_runner.bank.prices.rules = approval_from(APPROVAL_FROM, lambda question: question.kind == "transfer")
    Histories.bank_runner = bank_runner
    run_machine(Histories, examples=8, steps=25)
    assert bank_runner.kinds == set(TransferKind)
    assert bank_runner.statuses == set(TransferStatus)
