"""Fakes of payments' ports, in memory; the repositories' suite runs over them and over PostgreSQL alike."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from chassis.persistence.unit_of_work import UnauditedChange
from chassis.rpc import RemoteError
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import DomainError, KeyReused, Kind, NotFound, Unavailable
from kernel.events import Event
from kernel.transaction import Transaction
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.ports.accounts import AccountLookup
from payments.application.ports.authority import Roles
from payments.application.ports.ledger import Break, LedgerSnapshot
from payments.application.ports.screening import Verdict
from payments.application.ports.spending import OwnerLimits, SentQuestion
from payments.application.ports.transfers import Terms
from payments.application.transfers.post_transfers import PostTransfers
from payments.domain.account import Account
from payments.domain.approval import ApprovalQuestion, ApprovalRules, Outflow
from payments.domain.bulk import Bulk, Chunk
from payments.domain.bulk_file import BulkLine
from payments.domain.entry import Posting
from payments.domain.errors import InvalidSignature, NoLongerPermitted
from payments.domain.limits import STANDARD_TIER, Limits, Spending
from payments.domain.payer_policy import PayerPolicy
from payments.domain.price_book import PriceBook
from payments.domain.schedule import Run, Schedule, ScheduleStatus
from payments.domain.standing import Standing
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import Signature, TransferOrder
from payments.infrastructure.sql import bulk_transfer_rows


@dataclass
class Store:
    """What is committed."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    transfers: dict[tuple[UUID, str], Transfer] = field(default_factory=dict)
    postings: dict[UUID, list[Posting]] = field(default_factory=dict)
    spending: dict[tuple[UUID, str], Spending] = field(default_factory=dict)
    tiers: dict[UUID, str] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)
    bulks: dict[UUID, tuple[Bulk, Actor]] = field(default_factory=dict)
    chunks: dict[tuple[UUID, int], Chunk] = field(default_factory=dict)
    queued: list[UUID] = field(default_factory=list)
    schedules: dict[UUID, tuple[Schedule, Actor]] = field(default_factory=dict)
    runs: list[tuple[UUID, Run]] = field(default_factory=list)
    facts: list[AuditFact] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


T = TypeVar("T")


def _changed(standing: T, wanted: T, fields: Iterable[str]) -> T:
    """Return what stands with no more than those fields as wanted: what an UPDATE names, and nothing else."""
    changed = copy(standing)
    for name in fields:
        setattr(changed, name, getattr(wanted, name))
    return changed


def _kept(actor: Actor) -> Actor:
    """What of an actor outlives the request: neither its roles nor how it signed in."""
    return replace(actor, roles=frozenset(), session_id=None, device_id=None, authenticated_at=None, methods=())


class FakeAccounts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        return {id_: copy(self._store.accounts[id_]) for id_ in sorted(set(account_ids)) if id_ in self._store.accounts}

    async def save(self, accounts: Sequence[Account]) -> None:
        self.keep(accounts)

    def keep(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            self._write(account, "balance", "held", "version")

    async def save_state(self, account: Account) -> None:
        self._write(account, "status", "status_reason", "ceiling", "name", "closed_at", "usage", "version")

    def _write(self, account: Account, *fields: str) -> None:
        self._store.accounts[account.id] = _changed(self._store.accounts[account.id], account, fields)


class FakeWallets:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._accounts = FakeAccounts(store)

    async def lock(self, wallet_id: UUID, *, owner_id: UUID | None = None) -> Account:
        wallet = (await self._accounts.lock([wallet_id])).get(wallet_id)
        if wallet is None or not wallet.is_wallet or owner_id not in {None, wallet.owner_id}:
            raise NotFound(wallet_id=wallet_id)
        return wallet

    async def save(self, wallet: Account) -> None:
        await self._accounts.save_state(wallet)

    async def add(self, wallet: Account) -> None:
        self._store.accounts[wallet.id] = copy(wallet)

    async def count_of(self, owner_id: UUID) -> int:
        return sum(one.owner_id == owner_id and one.closed_at is None for one in self._store.accounts.values())

    async def expecting(self, wallet_id: UUID) -> int:
        return sum(one.order.target_id == wallet_id and one.held > 0 for one in self._store.transfers.values())


_TRANSFER_STANDING: Final = (
    "status", "held", "captured", "refunded", "settled_at", "expires_at", "closed_at", "decided_by", "decided_at", "reason",
    "version", "quote",
)  # fmt: skip


class FakeTransfers:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_by_keys(self, keys: Sequence[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], Transfer]:
        return {key: self._read(self._store.transfers[key]) for key in keys if key in self._store.transfers}

    async def find(self, transfer_id: UUID) -> Transfer | None:
        found = (transfer for transfer in self._store.transfers.values() if transfer.id == transfer_id)
        return next((self._read(transfer) for transfer in found), None)

    async def lock(self, transfer_id: UUID) -> Transfer:
        found = await self.find(transfer_id)
        assert found
        return found

    async def postings_of(self, transfer_id: UUID) -> Sequence[Posting]:
        return self._store.postings.get(transfer_id, [])

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        waiting = [one for one in self._store.transfers.values() if one.held and one.expires_at and one.expires_at <= at]
        return [one.id for one in sorted(waiting, key=lambda one: one.expires_at or at)[:limit]]

    async def add(self, transfers: Sequence[Transfer]) -> None:
        self.keep(transfers)

    def keep(self, transfers: Sequence[Transfer]) -> None:
        for transfer in transfers:
            self._store.transfers[transfer.order.initiator_id, transfer.order.key] = copy(transfer)
            self._store.postings[transfer.id] = list(transfer.postings)

    async def save(self, transfer: Transfer) -> None:
        key = transfer.order.initiator_id, transfer.order.key
        self._store.transfers[key] = _changed(self._store.transfers[key], transfer, _TRANSFER_STANDING)
        self._store.postings[transfer.id] = [*self._store.postings.get(transfer.id, ()), *transfer.postings]

    @staticmethod
    def _read(transfer: Transfer) -> Transfer:
        found = copy(transfer)
        found.postings = ()
        return found


class FakeSpending:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock(self, of: Sequence[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], OwnerLimits]:
        found = {key: self._store.spending[key] for key in of if key in self._store.spending}
        return {key: OwnerLimits(self._store.tiers.get(key[0], STANDARD_TIER), spending) for key, spending in found.items()}

    async def begin(self, owner_id: UUID, currency: str, at: datetime) -> None:
        self._store.spending.setdefault((owner_id, currency), Spending.none(owner_id, currency, at))

    async def save(self, spendings: Sequence[Spending]) -> None:
        self.keep(spendings)

    async def sent(self, questions: Sequence[SentQuestion]) -> Mapping[tuple[UUID, str], Decimal]:
        """Look at transfers only: what files have sent is PostgreSQL's to tell."""
        return {(question.payer_id, question.rule.name): question.rule.total(self._flows(question)) for question in questions}

    def _flows(self, question: SentQuestion) -> Iterable[Outflow]:
        for one in self._store.transfers.values():
            order, undone = one.order, {TransferStatus.FAILED, TransferStatus.CANCELLED, TransferStatus.REVERSED}
            if order.initiator_id == question.payer_id and one.created_at > question.since and one.status not in undone:
                if question.but_bulk and order.link_id == question.but_bulk:
                    continue
                owner_id = self._store.accounts[order.target_id].owner_id
                yield Outflow(kind=order.kind, amount=one.moved, target_id=order.target_id, owner_id=owner_id)

    def keep(self, spendings: Sequence[Spending]) -> None:
        begun = (one for one in spendings if (one.owner_id, one.currency) in self._store.spending)
        self._store.spending |= {(one.owner_id, one.currency): one for one in begun}


class FakeLedger:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._accounts, self._transfers, self._spending = FakeAccounts(store), FakeTransfers(store), FakeSpending(store)

    async def lock(
        self,
        account_ids: Iterable[UUID],
        keys: Iterable[tuple[UUID, str]],
        sources: Iterable[UUID],
        questions: Sequence[SentQuestion] = (),
    ) -> LedgerSnapshot:
        accounts = await self._accounts.lock(list(account_ids))
        payers = (self._store.accounts[id_] for id_ in sources if id_ in self._store.accounts)
        spenders = {(payer.owner_id, payer.currency) for payer in payers if payer.owner_id}
        asked = list(keys)
        earlier = await self._transfers.find_by_keys(asked)
        taken = frozenset(key for key in asked if FakeKeys(self._store).is_kept(*key, beside=["transfers"]))
        spendings = await self._spending.lock(list(spenders))
        return LedgerSnapshot(accounts, earlier, spendings, taken, await self._spending.sent(questions))

    def post(self, transfers: Sequence[Transfer], accounts: Sequence[Account], spendings: Sequence[Spending]) -> None:
        self._transfers.keep(transfers)
        self._accounts.keep(accounts)
        self._spending.keep(spendings)


class FakeKeys:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, initiator_id: UUID, key: str, *, beside: Iterable[str], turns: Sequence[UUID] = ()) -> None:
        if self.is_kept(initiator_id, key, beside=beside):
            raise KeyReused(initiator_id=initiator_id)

    def is_kept(self, initiator_id: UUID, key: str, *, beside: Iterable[str]) -> bool:
        kept = {
            "transfers": {(one.order.initiator_id, one.order.key) for one in self._store.transfers.values()},
            "bulks": {(bulk.initiator_id, bulk.key) for bulk, _ in self._store.bulks.values()},
            "schedules": {(one.initiator_id, one.key) for one, _ in self._store.schedules.values()},
        }
        return any((initiator_id, key) in keys for table, keys in kept.items() if table not in set(beside))


class FakeBreaks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, found: Break, *, at: datetime) -> bool:  # the table's column
        if found in self._store.breaks:
            return False
        self._store.breaks.append(found)
        return True


class FakeBulks:
    """`queued` has the jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_by_key(self, initiator_id: UUID, key: str) -> Bulk | None:
        found = (bulk for bulk, _ in self._store.bulks.values() if (bulk.initiator_id, bulk.key) == (initiator_id, key))
        return next((copy(bulk) for bulk in found), None)

    async def count_open(self, initiator_id: UUID) -> int:
        return sum(bulk.initiator_id == initiator_id and bulk.status.is_open for bulk, _ in self._store.bulks.values())

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        bulks = (bulk for bulk, _ in self._store.bulks.values())
        return sorted(bulk.id for bulk in bulks if bulk.initiator_id == initiator_id and bulk.status.is_open)

    async def add(self, bulk: Bulk, chunks: Sequence[Chunk], actor: Actor) -> None:
        self._store.bulks[bulk.id] = copy(bulk), _kept(actor)
        self._store.chunks |= {(bulk.id, chunk.number): chunk for chunk in chunks}
        if bulk.status.may_run:
            await self.queue(bulk.id)

    async def lock(self, bulk_id: UUID) -> tuple[Bulk, Actor] | None:
        found = self._store.bulks.get(bulk_id)
        return (copy(found[0]), found[1]) if found else None

    async def lines(self, bulk_id: UUID) -> Sequence[BulkLine]:
        chunks = [chunk for (of, _), chunk in sorted(self._store.chunks.items()) if of == bulk_id]
        return [line for chunk in chunks for line in chunk.lines]

    async def waiting(self, bulk_id: UUID, *, limit: int | None) -> Sequence[Chunk]:
        chunks = [chunk for (of, _), chunk in sorted(self._store.chunks.items()) if of == bulk_id and chunk.outcomes is None]
        return chunks[:limit]

    async def save(self, bulk: Bulk, chunks: Sequence[Chunk] = ()) -> None:
        standing, actor = self._store.bulks[bulk.id]
        self._store.bulks[bulk.id] = _changed(standing, bulk, bulk_transfer_rows.STANDING), actor
        self._store.chunks |= {(bulk.id, chunk.number): chunk for chunk in chunks if chunk.outcomes is not None}

    async def pays(self, bulk_id: UUID, owner_id: UUID) -> bool:
        lines = (line for (of, _), chunk in self._store.chunks.items() if of == bulk_id for line in chunk.lines)
        return any(self._store.accounts[line.target_id].owner_id == owner_id for line in lines)

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        waiting = [bulk for bulk, _ in self._store.bulks.values() if bulk.is_overdue(at)]
        return [bulk.id for bulk in sorted(waiting, key=lambda bulk: bulk.expires_at or at)[:limit]]

    async def left_behind(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        left = [bulk for bulk, _ in self._store.bulks.values() if bulk.status.may_run]
        since = sorted((bulk.progressed_at or bulk.created_at, bulk.id) for bulk in left)
        return [id_ for at, id_ in since if at < before][:limit]

    async def queue(self, bulk_id: UUID) -> None:
        if bulk_id not in self._store.queued:
            self._store.queued.append(bulk_id)


_SCHEDULE_STANDING: Final = (
    "status",
    "next_number",
    "next_at",
    "succeeded",
    "failed",
    "last_code",
    "status_reason",
    "ended_at",
    "version",
)


class FakeSchedules:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_by_key(self, initiator_id: UUID, key: str) -> Schedule | None:
        found = (one for one, _ in self._store.schedules.values() if (one.initiator_id, one.key) == (initiator_id, key))
        return next((copy(one) for one in found), None)

    async def count_open(self, initiator_id: UUID) -> int:
        return sum(one.initiator_id == initiator_id and one.is_open for one, _ in self._store.schedules.values())

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        return sorted(one.id for one, _ in self._store.schedules.values() if one.initiator_id == initiator_id and one.is_open)

    async def add(self, schedule: Schedule, actor: Actor) -> None:
        self._store.schedules[schedule.id] = copy(schedule), _kept(actor)

    async def lock(self, schedule_ids: Sequence[UUID]) -> Sequence[Schedule]:
        return [copy(self._store.schedules[id_][0]) for id_ in sorted(schedule_ids) if id_ in self._store.schedules]

    async def due(self, at: datetime, *, limit: int) -> Sequence[tuple[Schedule, Actor]]:
        active = [(one, actor) for one, actor in self._store.schedules.values() if one.status is ScheduleStatus.ACTIVE]
        due = sorted((one.next_at, one.id) for one, _ in active if one.next_at and one.next_at <= at)
        return [(copy(self._store.schedules[id_][0]), self._store.schedules[id_][1]) for _, id_ in due[:limit]]

    async def save(self, schedules: Sequence[Schedule], runs: Sequence[tuple[UUID, Run]] = ()) -> None:
        for schedule in schedules:
            standing, actor = self._store.schedules[schedule.id]
            self._store.schedules[schedule.id] = _changed(standing, schedule, _SCHEDULE_STANDING), actor
        self._store.runs.extend(runs)


class FakeTransaction(Transaction):
    def __init__(self, store: Store) -> None:
        self.store = store
        self.bulks = FakeBulks(store)
        self.schedules = FakeSchedules(store)
        self.accounts = FakeAccounts(store)
        self.wallets = FakeWallets(store)
        self.transfers = FakeTransfers(store)
        self.spending = FakeSpending(store)
        self.breaks = FakeBreaks(store)
        self.ledger = FakeLedger(store)
        self.keys = FakeKeys(store)
        self.following: list[Callable[[], Awaitable[None]]] = []

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        self.store.facts.append(fact)

    def announce(self, event: Event) -> None:
        self.store.events.append(event)

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        self.following.append(action)


class FakeUnitOfWork:
    """Commits whole or not at all, and no change that no audit fact accounts for."""

    def __init__(self) -> None:
        self.committed = Store()

    @asynccontextmanager
    async def begin(self, _actor: Actor) -> AsyncIterator[FakeTransaction]:
        committed = self.committed
        store = Store(
            accounts=dict(committed.accounts),
            transfers=dict(committed.transfers),
            postings=dict(committed.postings),
            spending=dict(committed.spending),
            tiers=committed.tiers,
            bulks=dict(committed.bulks),
            chunks=dict(committed.chunks),
            queued=list(committed.queued),
            schedules=dict(committed.schedules),
            runs=list(committed.runs),
            breaks=list(committed.breaks),
            facts=list(committed.facts),
            events=list(committed.events),
        )
        tx = FakeTransaction(store)
        yield tx
        # A job that is queued is no change: what it does is.
        rows, were = (replace(one, queued=[], facts=[], events=[]) for one in (store, committed))
        if rows != were and store.facts == committed.facts:
            raise UnauditedChange
        self.committed = store
        for action in tx.following:
            await action()


class Meanwhile:
    """A unit of work in which something else happens, once, before its second transaction begins."""

    def __init__(self, uow: Any, happens: Callable[[], Awaitable[object]]) -> None:
        self._uow, self._happens, self._begun = uow, happens, 0

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[Any]:
        self._begun += 1
        if self._begun == 2:
            await self._happens()
        async with self._uow.begin(actor) as tx:
            yield tx


def unavailable(_question: ApprovalQuestion) -> bool:
    """Judge as rules do that are too old to tell."""
    raise Unavailable(dependency="governance")


def unable(kind: Kind) -> Callable[[ApprovalQuestion], bool]:
    """Make a judge that fails as a peer does that answers with an error of this kind."""

    def judge(_question: ApprovalQuestion) -> bool:
        raise RemoteError(peer="governance", kind=kind, code="SRV_001", message="Not now.", facts={})

    return judge


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
class FakeSignatures:
    """Takes a signature whose value is "good"."""

    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        assert by
        assert texts
        if signature.value != "good":
            raise InvalidSignature(field="signature", key_id=signature.key_id)
        # Of the texts that an order may be, the first is of a transfer or conversion.
        return texts[0]


@dataclass
class FakePermissions:
    """Allows nothing but what it was told."""

    allowed: set[str] = field(default_factory=set)

    def allows(self, _actor: Actor, permission: str, /) -> bool:
        return permission in self.allowed


@dataclass
class FakeAuditLog:
    """Has the transfers that it was told of."""

    hashes: dict[UUID, str] = field(default_factory=dict)

    async def leaf_hash(self, transfer_id: UUID) -> str | None:
        return self.hashes.get(transfer_id)


@dataclass
class FakeScreening:
    """Clears what neither a blocked user asks for nor is of a blocked wallet; `away` as when compliance does not answer."""

    blocked: set[UUID] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="compliance")
        return [self._verdict(order) for order in orders]

    def _verdict(self, order: TransferOrder) -> Verdict:
        clear = self.blocked.isdisjoint({order.initiator_id, order.source_id, order.target_id})
        return Verdict(clear, "" if clear else "on the list")


@dataclass
class FakeAuthority:
    """Has everybody active and a user, who may pay, unless told otherwise; `away` as when identity does not answer.

    `asked` has the users of each question.
    """

    standing: dict[UUID, Standing] = field(default_factory=dict)
    roles: dict[UUID, frozenset[str]] = field(default_factory=dict)
    may_pay: frozenset[str] = frozenset({"user", "admin"})
    away: bool = False
    asked: list[set[UUID]] = field(default_factory=list)

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        self.asked.append(set(user_ids))
        if self.away:
            raise Unavailable(dependency="identity")
        return {user_id: self.standing.get(user_id, Standing.ACTIVE) for user_id in user_ids}

    async def authorize(self, payers: Collection[UUID]) -> Mapping[UUID, Roles | DomainError]:
        standings = await self.standings(payers)
        return {payer: standing.refusal or self._permitted(payer) for payer, standing in standings.items()}

    def _permitted(self, payer: UUID) -> Roles | DomainError:
        roles = self.roles.get(payer, frozenset({"user"}))
        return NoLongerPermitted(permission="payment:create") if self.may_pay.isdisjoint(roles) else roles


def judging(wallets: AccountLookup, post: PostTransfers) -> JudgeBulk:
    """Judge files by the rules of the use case that posts."""
    return JudgeBulk(wallets, post.approvals, post.policy, post.terms)


def posting(
    uow: Any, screening: FakeScreening, clock: Clock, prices: FakePrices | None = None, policy: PayerPolicy | None = None
) -> PostTransfers:
    """The use case that posts, priced and limited by a fake."""
    prices = prices or FakePrices()
    return PostTransfers(
        uow=uow,
        screening=screening,
        signatures=FakeSignatures(),
        prices=prices,
        limits=prices,
        approvals=prices,
        policy=policy or PayerPolicy(),
        terms=Terms(),
        clock=clock,
    )
