"""Fakes of payments' ports, in memory; the repositories' suite runs over them and over PostgreSQL alike."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import Unavailable
from kernel.events import Event
from payments.application.ports.screening import Verdict
from payments.domain.account import Account
from payments.domain.approval import ApprovalRules
from payments.domain.limits import Limits
from payments.domain.price_book import PriceBook
from payments.domain.transfer import Transfer, TransferOrder


@dataclass
class Store:
    """What is committed."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    transfers: dict[tuple[UUID, str], Transfer] = field(default_factory=dict)
    facts: list[AuditFact] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class FakeAccounts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        return {id_: copy(self._store.accounts[id_]) for id_ in sorted(set(account_ids)) if id_ in self._store.accounts}

    async def add(self, account: Account) -> None:
        self._store.accounts[account.id] = copy(account)

    async def save(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            self._store.accounts[account.id] = copy(account)


class FakeTransfers:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_by_keys(self, orders: Sequence[TransferOrder]) -> Mapping[tuple[UUID, str], Transfer]:
        keys = [(order.initiator_id, order.key) for order in orders]
        return {key: self._store.transfers[key] for key in keys if key in self._store.transfers}

    async def add(self, transfers: Sequence[Transfer]) -> None:
        for transfer in transfers:
            self._store.transfers[transfer.order.initiator_id, transfer.order.key] = transfer


class FakeTransaction:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.accounts = FakeAccounts(store)
        self.transfers = FakeTransfers(store)

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        self.store.facts.append(fact)

    def announce(self, event: Event) -> None:
        self.store.events.append(event)


class FakeUnitOfWork:
    def __init__(self) -> None:
        self.committed = Store()

    @asynccontextmanager
    async def begin(self, _actor: Actor) -> AsyncIterator[FakeTransaction]:
        committed = self.committed
        store = Store(dict(committed.accounts), dict(committed.transfers), list(committed.facts), list(committed.events))
        yield FakeTransaction(store)
        self.committed = store


@dataclass
class FakePrices:
    """Charges nothing, limits nothing and asks nobody, unless told otherwise."""

    book: PriceBook = field(default_factory=PriceBook)
    limit_book: Limits = field(default_factory=Limits)
    rules: ApprovalRules = field(default_factory=ApprovalRules)

    def current(self) -> PriceBook:
        return self.book

    def limits(self) -> Limits:
        return self.limit_book

    def approvals(self) -> ApprovalRules:
        return self.rules


@dataclass
class FakeScreening:
    """Clears everybody but the blocked; `away` as when compliance does not answer."""

    blocked: set[UUID] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="compliance")
        return [Verdict(order.initiator_id not in self.blocked, "on the list") for order in orders]
