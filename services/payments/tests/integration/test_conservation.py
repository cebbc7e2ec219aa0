"""Money is neither made nor lost: a state machine over transfers, against a model, on the real database."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Money
from payments.application.ports.ledger import Settled
from payments.application.transfers.issue_money import IssueMoney
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.wallets.open_wallet import OpenWallet
from payments.domain.errors import InsufficientFunds
from payments.domain.signature_policy import SignaturePolicy
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.infrastructure.group_commit import GroupCommit
from payments.infrastructure.repositories.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from services.payments.tests.conftest import VERSIONS
from services.payments.tests.fakes import FakeScreening, FakeSignatures, posting

T = TypeVar("T")
cents = st.integers(min_value=1, max_value=50_000).map(lambda n: Decimal(n).scaleb(-2))


class Ledger:
    """Payments on a real database, driven from synchronous rules."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        self.run_in: asyncio.Runner = runner
        self.database = database
        uow = SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments")
        clock = ControlledClock()
        cashier = GroupCommit(posting(uow, FakeScreening(), clock))
        self.open_wallet = OpenWallet(uow, clock)
        self.transfer_tokens, self.issue_money = TransferTokens(cashier, FakeSignatures(), SignaturePolicy()), IssueMoney(cashier)

    def run(self, work: Awaitable[T]) -> T:
        async def wrapped() -> T:
            return await work

        return self.run_in.run(wrapped())

    async def scalar(self, query: str, **parameters: object) -> Any:
        async with self.database.read() as connection:
            return await connection.scalar(text(query), parameters)


def user(user_id: UUID) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(user_id))


class Transfers(RuleBasedStateMachine):
    ledger: ClassVar[Ledger]
    wallets = Bundle("wallets")
    orders = Bundle("orders")

    @initialize()
    def start(self) -> None:
        self.model: dict[UUID, Decimal] = {}
        self.owner: dict[UUID, UUID] = {}
        self.done: dict[str, UUID] = {}
        self.issued = Decimal(0)

    @rule(target=wallets)
    def open_wallet(self) -> UUID:
        wallet_id, owner_id = new_id(), new_id()
        self.ledger.run(
            self.ledger.open_wallet(actor=Actor.service("test"), wallet_id=wallet_id, owner_id=owner_id, currency="NAD")
        )
        self.model[wallet_id], self.owner[wallet_id] = Decimal(0), owner_id
        return wallet_id

    @rule(wallet=wallets, amount=cents)
    def issue(self, wallet: UUID, amount: Decimal) -> None:
        self.ledger.run(
            self.ledger.issue_money(
                actor=user(new_id()), key=str(new_id()), wallet_id=wallet, amount=Money.of(amount, "NAD"), reason="test"
            )
        )
        self.model[wallet] += amount
        self.issued += amount

    @rule(target=orders, source=wallets, destination=wallets, amount=cents)
    def order(self, source: UUID, destination: UUID, amount: Decimal) -> tuple[str, UUID, UUID, Decimal]:
        return str(new_id()), source, destination, amount

    @rule(order=orders)
    def transfer(self, order: tuple[str, UUID, UUID, Decimal]) -> None:
        """The first time it moves money, every other time it answers with the same transfer."""
        outcome = self.ledger.run(self._send(order))
        self._expect(order, outcome)

    @rule(first=orders, second=orders, third=orders)
    def together(self, first: Any, second: Any, third: Any) -> None:
        async def send_all() -> list[Settled | BaseException]:
            return await asyncio.gather(*(self._send(order) for order in (first, second, third)))

        for order, outcome in zip((first, second, third), self.ledger.run(send_all()), strict=True):
            self._expect(order, outcome)

    async def _send(self, order: tuple[str, UUID, UUID, Decimal]) -> Settled | BaseException:
        key, source, destination, amount = order
        send: Callable[..., Awaitable[Settled]] = self.ledger.transfer_tokens
        try:
            return await send(
                actor=user(self.owner[source]),
                order=TransferOrder(
                    kind=TransferKind.TRANSFER,
                    key=key,
                    initiator_id=self.owner[source],
                    source_id=source,
                    target_id=destination,
                    amount=Money.of(amount, "NAD"),
                    description="",
                ),
            )
        except DomainError as refusal:
            return refusal

    def _expect(self, order: tuple[str, UUID, UUID, Decimal], outcome: Settled | BaseException) -> None:
        key, source, destination, amount = order
        if key in self.done:
            assert isinstance(outcome, Settled)
            assert outcome.replayed
            assert outcome.transfer.id == self.done[key]
        elif source == destination:
            assert not isinstance(outcome, Settled)
        elif self.model[source] < amount:
            assert isinstance(outcome, InsufficientFunds)
        else:
            assert isinstance(outcome, Settled)
            assert not outcome.replayed
            self.done[key] = outcome.transfer.id
            self.model[source] -= amount
            self.model[destination] += amount

    @invariant()
    def balances_are_the_models_and_the_sum_of_postings(self) -> None:
        ids = list(getattr(self, "model", {}))
        if not ids:
            return

        async def read() -> list[tuple[UUID, Decimal, Decimal]]:
            async with self.ledger.database.read() as connection:
                rows = await connection.execute(
                    text(
                        "SELECT a.id, a.balance, coalesce(sum(p.amount), 0) FROM accounts a LEFT JOIN postings p"
                        " ON p.account_id = a.id WHERE a.id = ANY(:ids) GROUP BY a.id"
                    ),
                    {"ids": ids},
                )
                return [(row[0], row[1], row[2]) for row in rows]

        for wallet_id, balance, posted in self.ledger.run(read()):
            assert balance == posted == self.model[wallet_id] >= 0
        assert sum(self.model.values()) == self.issued
        assert self.ledger.run(self.ledger.scalar("SELECT sum(balance) FROM accounts")) == 0


@pytest.fixture
def ledger(databases: Databases) -> Iterator[Ledger]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def start() -> Ledger:
            urls = await stack.enter_async_context(databases.create("payments", VERSIONS))
            database = Database.connect(urls.app, pool_size=5)
            stack.push_async_callback(database.close)
            return Ledger(runner, database)

        yield runner.run(start())
        runner.run(stack.aclose())


def test_money_is_conserved_whatever_is_asked_in_whatever_order(ledger: Ledger) -> None:
    Transfers.ledger = ledger
    run_state_machine_as_test(
        Transfers,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False
        ),
    )
    transfers = ledger.run(ledger.scalar("SELECT count(*) FROM transfers"))
    facts = ledger.run(
        ledger.scalar("SELECT count(*) FROM outbox WHERE type = 'payments.transfer.settled'"),
    )
    assert transfers == facts > 0
