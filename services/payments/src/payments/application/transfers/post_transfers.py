"""Settle the orders that wait, together: one screening call, one transaction, an outcome each."""

from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError, KeyReused
from payments.application.ports.ledger import Request, Settled, Terms, Tiered
from payments.application.ports.pricing import ApprovalPolicies, LimitBooks, PriceBooks
from payments.application.ports.screening import Screening, Verdict
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.transfers import facts
from payments.domain.account import Account
from payments.domain.approval import ApprovalRules
from payments.domain.entry import accounts_of, moves_of
from payments.domain.errors import ApprovalNeeded, ScreeningRefused
from payments.domain.events import TransferSettled, TransfersSettled
from payments.domain.limits import Limits, Spending
from payments.domain.parties import kind_to
from payments.domain.price_book import PriceBook, Quote
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder, key_beyond

# Settled transfers of a bulk that one message tells of.
TOGETHER_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Rules:
    """What prices, limits and holds up orders, as this moment has it."""

    prices: PriceBook
    limits: Limits
    approvals: ApprovalRules
    terms: Terms


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request, and the context (trace) that its events and audit facts belong to."""

    request: Request
    context: Context = field(default_factory=Context, compare=False)


Outcome = Sequence[Settled] | DomainError


@dataclass(frozen=True, slots=True)
class PostTransfers:
    """Post a batch. A refused request never disturbs its neighbours: its outcome is the refusal."""

    uow: UnitOfWork
    screening: Screening
    prices: PriceBooks
    limits: LimitBooks
    approvals: ApprovalPolicies
    terms: Terms
    clock: Clock

    async def __call__(self, waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        rules = Rules(self.prices.current(), self.limits.limits(), self.approvals.approvals(), self.terms)
        priced = [_price(one, rules.prices, self.clock.now()) for one in waiting]
        orders = [order for one in waiting for order in one.request.orders]
        verdicts = iter(await self.screening.screen(orders))
        async with self.uow.begin(Actor.service("payments")) as tx:
            locked = await tx.ledger.lock(
                {id_ for one in priced for id_ in one.account_ids},
                {key for one in waiting for key in one.request.keys},
                # Whose spending the orders count against: their sources' owners, who alone may spend from them.
                {order.source_id for order in orders if order.kind.is_the_owners},
            )
            # Not before the locks: an account's postings are to bear times in the order in which they are written.
            batch = _Batch(tx, locked.accounts, dict(locked.earlier), locked.spendings, rules, self.clock.now())
            outcomes = [one.waiting.context.run(batch.settle, one, [next(verdicts) for _ in one.orders]) for one in priced]
            batch.write()
        return outcomes


@dataclass(frozen=True, slots=True)
class _PricedOrder:
    """An order with its price as each kind that it may turn out to be, or why it has none."""

    order: TransferOrder
    quotes: Mapping[TransferKind, Quote | DomainError]

    @property
    def account_ids(self) -> set[UUID]:
        order = self.order
        ids = {order.source_id, order.target_id}
        for quote in self.quotes.values():
            if isinstance(quote, Quote) and (quote.fees or quote.conversion):
                ids |= accounts_of(moves_of(order.source_id, order.target_id, quote))
        return ids

    def to(self, target: Account | None) -> tuple[TransferOrder, Quote]:
        """Return the order as the kind that its payee makes it, with its price; raises what the price book refused."""
        order = self.order
        if target and order.kind.is_the_owners:
            order = order.of_kind(kind_to(target, converting=order.target_currency is not None))
        quote = self.quotes[order.kind]
        if isinstance(quote, DomainError):
            raise quote
        return order, quote


@dataclass(frozen=True, slots=True)
class _Priced:
    waiting: Waiting
    orders: tuple[_PricedOrder, ...]

    @property
    def account_ids(self) -> set[UUID]:
        return {id_ for order in self.orders for id_ in order.account_ids}


def _price(waiting: Waiting, prices: PriceBook, at: datetime) -> _Priced:
    roles = waiting.request.actor.roles
    return _Priced(waiting, tuple(_price_order(order, prices, roles, at) for order in waiting.request.orders))


def _price_order(order: TransferOrder, prices: PriceBook, roles: frozenset[str], at: datetime) -> _PricedOrder:
    quotes: dict[TransferKind, Quote | DomainError] = {}
    for kind in order.kinds:
        try:
            quotes[kind] = prices.quote(kind=kind, amount=order.amount, at=at, target_currency=order.target_currency, roles=roles)
        except DomainError as refusal:
            # Kept for later: an earlier request with the same key may have had a price.
            quotes[kind] = refusal
    return _PricedOrder(order, quotes)


@dataclass(slots=True)
class _Batch:
    tx: Transaction
    accounts: Mapping[UUID, Account]
    earlier: dict[tuple[UUID, str], Transfer]
    spendings: Mapping[tuple[UUID, str], Tiered]
    rules: Rules
    at: datetime
    made: list[Transfer] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)
    spent: dict[tuple[UUID, str], Spending] = field(default_factory=dict)
    gathered: dict[UUID, list[TransferSettled]] = field(default_factory=dict)

    def settle(self, priced: _Priced, verdicts: Sequence[Verdict]) -> Outcome:
        request = priced.waiting.request
        try:
            if replay := self._replay(request.orders):
                return replay
            for leg, (order, verdict) in enumerate(zip(request.orders, verdicts, strict=True)):
                if not verdict.clear:
                    self.tx.record(facts.refused(order, reason=verdict.reason, at=self.at), actor=request.actor)
                    return ScreeningRefused(leg=leg)
            return [Settled(transfer, replayed=False) for transfer in self._make_all(priced)]
        except DomainError as refusal:
            return refusal

    def write(self) -> None:
        if self.made:
            touched = [account for account in self.accounts.values() if account.id in self.touched]
            self.tx.ledger.post(self.made, touched, list(self.spent.values()))
        for bulk_id, settled in self.gathered.items():
            for start in range(0, len(settled), TOGETHER_MAX):
                together = tuple(settled[start : start + TOGETHER_MAX])
                self.tx.announce(TransfersSettled(occurred_at=self.at, bulk_id=bulk_id, settled=together))

    def _replay(self, orders: Sequence[TransferOrder]) -> Sequence[Settled] | None:
        found = [self.earlier.get((order.initiator_id, order.key)) for order in orders]
        if not any(found):
            return None
        replays = [transfer.confirm_replay(order) for transfer, order in zip(found, orders, strict=True) if transfer]
        if len(replays) < len(orders) or (orders[0].initiator_id, key_beyond(orders)) in self.earlier:
            # Linked transfers are made together or not at all: these are not the same ones, or not all of them.
            raise KeyReused(transfer_id=replays[0].id)
        return [Settled(transfer, replayed=True) for transfer in replays]

    def _make_all(self, priced: _Priced) -> Sequence[Transfer]:
        """Make the transfers of one request; when one is refused, nothing has changed."""
        before = self._snapshot(priced) if len(priced.orders) > 1 else {}
        spent = dict(self.spent)
        made: list[Transfer] = []
        try:
            for asked in priced.orders:
                order, quote = asked.to(self.accounts.get(asked.order.target_id))
                made.append(self._make(order, quote, priced.waiting.request))
        except DomainError as refusal:
            refusal.facts["leg"] = len(made)
            for account_id, (balance, held, version) in before.items():
                account = self.accounts[account_id]
                account.balance, account.held, account.version = balance, held, version
            self.spent = spent
            raise
        for transfer in made:
            self._keep(transfer, priced.waiting.request)
        return made

    def _snapshot(self, priced: _Priced) -> dict[UUID, tuple[Decimal, Decimal, int]]:
        of = (self.accounts[id_] for id_ in priced.account_ids if id_ in self.accounts)
        return {account.id: (account.balance, account.held, account.version) for account in of}

    def _make(self, order: TransferOrder, quote: Quote, request: Request) -> Transfer:
        spending = self._admit(order)
        terms = self.rules.terms
        if self._needs_approval(order, request.actor):
            if request.is_whole:
                raise ApprovalNeeded(field="amount", amount=order.amount.text)
            expires_at = self.at + terms.approval_life
            transfer = Transfer.hold(order, quote, self.accounts, self.at, expires_at=expires_at, awaiting_approval=True)
        elif order.capture_later:
            transfer = Transfer.hold(order, quote, self.accounts, self.at, expires_at=self.at + terms.hold_life)
        else:
            transfer = Transfer.settle(order, quote, self.accounts, self.at)
        if spending:
            self.spent[spending.owner_id, spending.currency] = spending
        return transfer

    def _admit(self, order: TransferOrder) -> Spending | None:
        key = order.initiator_id, order.amount.currency.code
        tiered = self.spendings.get(key) if order.kind.is_the_owners else None
        if tiered is None:
            # The platform's own, or somebody's who does not own the source, which the transfer itself refuses.
            return None
        return self.rules.limits.of(tiered.tier).admit(self.spent.get(key, tiered.spending), order.amount, self.at)

    def _needs_approval(self, order: TransferOrder, actor: Actor) -> bool:
        target = self.accounts.get(order.target_id)
        owners = (target.owner_id,) if target and target.owner_id else ()
        return self.rules.approvals.needed(
            kind=order.kind,
            amount=order.amount,
            initiator_id=order.initiator_id,
            roles=actor.roles,
            counterparties=(order.target_id, *owners),
        )

    def _keep(self, transfer: Transfer, request: Request) -> None:
        self.earlier[transfer.order.initiator_id, transfer.order.key] = transfer
        self.made.append(transfer)
        order = transfer.order
        self.touched |= {order.source_id, order.target_id, *(posting.account_id for posting in transfer.postings)}
        self.tx.record(facts.made(transfer, self.accounts), actor=request.actor)
        for event in transfer.collect():
            if request.bulk_id and isinstance(event, TransferSettled):
                self.gathered.setdefault(request.bulk_id, []).append(event)
            else:
                self.tx.announce(event)
