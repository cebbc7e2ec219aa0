"""Settle the requests of one transaction, one after another, on its locked accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor
from kernel.approvals import ApprovalAsked
from kernel.audit import AuditFact
from kernel.errors import DomainError, KeyReused
from kernel.events import Event
from payments.application.ports.ledger import LedgerRepository, LedgerSnapshot
from payments.application.ports.transfers import Request, Settled, Terms
from payments.application.transfers import audit
from payments.application.transfers.approval import asked_of
from payments.application.transfers.notices import approval_needed
from payments.application.transfers.prepared_request import PreparedRequest
from payments.application.transfers.rehearsal import Rehearsal
from payments.domain.approval import ApprovalRule, Outflow
from payments.domain.errors import InvalidSignature, ScreeningRefused, UsageChanged
from payments.domain.events import TransferSettled, TransfersSettled
from payments.domain.limits import Allowance, LimitBook, Spending
from payments.domain.payer_rules import NOTHING, Needs, PayerRequest, PayerRules
from payments.domain.payment_permission import Source
from payments.domain.price_book import Quote
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferOrder, are_legs, key_before, leg_key

Outcome = Sequence[Settled] | DomainError

# Settled transfers of a bulk in one message.
TOGETHER_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force that limit orders or make them wait."""

    limits: LimitBook
    payer: PayerRules
    terms: Terms


class Records(Protocol):
    """The place where a batch records facts and events: its transaction, or nowhere in a dry run."""

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...

    def announce(self, event: Event, *, actor: Actor | None = None) -> None: ...


@dataclass(slots=True)
class Batch:
    """A refused request changes nothing for the requests after it. Nothing is written before `write`."""

    records: Records
    locked: LedgerSnapshot
    rules: Rules
    at: datetime
    made: list[Transfer] = field(default_factory=list)
    earlier: dict[tuple[UUID, str], Transfer] = field(default_factory=dict)
    touched: set[UUID] = field(default_factory=set)
    spent: dict[tuple[UUID, str], Spending] = field(default_factory=dict)
    # What this batch has sent so far, by payer: rules with a window count it too.
    sent: dict[UUID, list[Outflow]] = field(default_factory=dict)
    # What is asked for the transfers that wait for an approval.
    asked: list[ApprovalAsked] = field(default_factory=list)
    gathered: dict[UUID, list[TransferSettled]] = field(default_factory=dict)
    # Who pays the transfers of a bulk.
    payers: dict[UUID, Actor] = field(default_factory=dict)

    def settle(self, prepared: PreparedRequest) -> Outcome:
        request = prepared.request
        try:
            if replay := self._replay(request):
                return replay
            if prepared.refusal:
                return prepared.refusal
            for leg, (order, verdict) in enumerate(zip(request.orders, prepared.verdicts, strict=True)):
                if not verdict.clear:
                    self.records.record(audit.refused(order, reason=verdict.reason, at=self.at), actor=request.actor)
                    return ScreeningRefused(leg=leg)
            return [Settled(transfer, replayed=False) for transfer in self._make_all(prepared)]
        except DomainError as refusal:
            return refusal

    def rehearse(self, prepared: PreparedRequest) -> Rehearsal:
        """Return the result of a dry run, by the steps of `settle`. The batch cannot be used for anything else afterwards."""
        request = prepared.request
        try:
            if replay := self._replay(request):
                return Rehearsal(transfers=[one.transfer for one in replay], replayed=True)
            if prepared.refusal:
                raise prepared.refusal
            if prepared.screening == "refused":
                # The response to the real request does not name the leg either.
                raise ScreeningRefused
            orders = self._with_kinds(prepared)
            needs = self._judge(request, [order for order, _ in orders])
        except DomainError as refusal:
            return Rehearsal(
                refusal=refusal, limits=self.left(prepared), screening=prepared.screening, is_linked=request.is_linked
            )
        before = self.left(prepared)
        never = needs.denied or (request.is_linked and needs.approval)
        made, refused = self._make_until_refused(orders, awaiting_approval=bool(needs.approval) and not request.is_linked)
        return Rehearsal(
            transfers=[] if refused or never else made,
            needs=needs,
            refusal=refused,
            limits=before if refused or never else self.left(prepared),
            screening=prepared.screening,
            is_linked=request.is_linked,
        )

    def left(self, prepared: PreparedRequest) -> Sequence[Allowance]:
        """Return what the payer may still move, in the currencies of the request.

        Return nothing if the limits could not be read: such a request has no prices either.
        """
        keys = dict.fromkeys((one.order.payer_id, one.order.amount.currency.code) for one in prepared.orders)
        return [
            self.rules.limits.of(tiered.tier).allowance(self.spent.get(key, tiered.spending), self.at)
            for key in keys
            if (tiered := self.locked.spendings.get(key))
        ]

    def write(self, ledger: LedgerRepository) -> None:
        if self.made:
            touched = [account for account in self.locked.accounts.values() if account.id in self.touched]
            ledger.post(self.made, touched, list(self.spent.values()))
        for bulk_id, settled in self.gathered.items():
            for start in range(0, len(settled), TOGETHER_MAX):
                together = tuple(settled[start : start + TOGETHER_MAX])
                event = TransfersSettled(occurred_at=self.at, bulk_id=bulk_id, settled=together)
                self.records.announce(event, actor=self.payers[bulk_id])

    def _find(self, initiator_id: UUID, key: str) -> Transfer | None:
        return self.earlier.get((initiator_id, key)) or self.locked.earlier.get((initiator_id, key))

    def _replay(self, request: Request) -> Sequence[Settled] | None:
        """Return what the first request with this key made. Raise KeyReused if that was a different request."""
        first = request.orders[0]
        if (first.initiator_id, first.key) in self.locked.taken:
            raise KeyReused(initiator_id=first.initiator_id)
        if not request.is_linked:
            found = self._find(first.initiator_id, first.key)
            if found is None:
                return None
            if (found.order.link_id is None) != (first.link_id is None):
                raise KeyReused(transfer_id=found.id)
            return [Settled(found.confirm_replay(first), replayed=True)]
        return self._replay_linked(request.orders)

    def _replay_linked(self, orders: Sequence[TransferOrder]) -> Sequence[Settled] | None:
        """Linked transfers are made together or not at all, so unless all of these exist, the key was used by another request."""
        key = orders[0].key
        if replay := self._replay_under([order.key for order in orders], leg_key(key, len(orders)), orders):
            return replay
        # The previous release let callers choose such keys too, so only a linked transfer proves a replay.
        first = self._find(orders[0].initiator_id, key_before(key, 0)) if are_legs(orders) else None
        if first is None or first.order.link_id is None:
            return None
        before = [key_before(key, number) for number in range(len(orders))]
        return self._replay_under(before, key_before(key, len(orders)), orders)

    def _replay_under(self, keys: Sequence[str], beyond: str, orders: Sequence[TransferOrder]) -> Sequence[Settled] | None:
        initiator_id = orders[0].initiator_id
        legs = [self._find(initiator_id, key) for key in keys]
        there = [leg for leg in legs if leg]
        if not there:
            return None
        if len(there) < len(legs) or there[0].order.link_id is None or self._find(initiator_id, beyond):
            raise KeyReused(transfer_id=there[0].id)
        return [
            Settled(leg.confirm_replay(order.under(key)), replayed=True)
            for leg, order, key in zip(there, orders, keys, strict=True)
        ]

    def _make_all(self, prepared: PreparedRequest) -> Sequence[Transfer]:
        """Make the transfers of one request. If one is refused, nothing is changed."""
        request = prepared.request
        before = self._snapshot(prepared) if request.is_linked else {}
        spent = dict(self.spent)
        orders = self._with_kinds(prepared)
        needs = self._judge(request, [order for order, _ in orders])
        needs.require_proof()
        if request.is_linked:
            needs.require_no_approval()
        made, refusal = self._make_until_refused(orders, awaiting_approval=bool(needs.approval))
        if refusal:
            for account_id, (balance, held, version) in before.items():
                account = self.locked.accounts[account_id]
                account.balance, account.held, account.version = balance, held, version
            self.spent = spent
            raise refusal
        for transfer in made:
            self._record_made(transfer, request)
            if needs.approval:
                self.asked.append(asked_of(transfer, asked_by=request.actor, rules=needs.approval, at=self.at))
        return made

    def _make_until_refused(
        self, orders: Sequence[tuple[TransferOrder, Quote]], *, awaiting_approval: bool
    ) -> tuple[Sequence[Transfer], DomainError | None]:
        """Make transfers up to the first refused one. The caller undoes the ones before it."""
        made: list[Transfer] = []
        try:
            for order, quote in orders:
                made.append(self._make(order, quote, awaiting_approval=awaiting_approval))
        except DomainError as refusal:
            refusal.facts["leg"] = len(made)
            return made, refusal
        return made, None

    def _with_kinds(self, prepared: PreparedRequest) -> list[tuple[TransferOrder, Quote]]:
        """Return the orders with the kinds that their payees give them, and their prices.

        Raise InvalidSignature if the payer signed the order as another kind: a signature must prove what was made.
        """
        known: list[tuple[TransferOrder, Quote]] = []
        for leg, priced in enumerate(prepared.orders):
            try:
                known.append(priced.to(self.locked.accounts.get(priced.order.target_id)))
                _require_kind(known[-1][0], prepared.request)
            except DomainError as refusal:
                refusal.facts["leg"] = leg
                raise
        request = prepared.request
        if request.signature and not request.is_linked and prepared.signed_text != known[0][0].signed_text:
            raise InvalidSignature(field="signature", key_id=request.signature.key_id, kind=known[0][0].kind)
        return known

    def _snapshot(self, prepared: PreparedRequest) -> dict[UUID, tuple[Decimal, Decimal, int]]:
        of = (self.locked.accounts[id_] for id_ in prepared.account_ids if id_ in self.locked.accounts)
        return {account.id: (account.balance, account.held, account.version) for account in of}

    def _judge(self, request: Request, orders: Sequence[TransferOrder]) -> Needs:
        if request.is_judged or self.rules.payer.ask_nothing:
            return NOTHING
        payer_id = orders[0].payer_id

        def sent(rule: ApprovalRule) -> Decimal:
            before = self.locked.sent.get((payer_id, rule.name), Decimal(0))
            return before + rule.total(self.sent.get(payer_id, ()))

        asked = PayerRequest(
            initiator_id=orders[0].initiator_id,
            actor=request.actor,
            outflows=[self._outflow(order) for order in orders],
            is_signed=request.signature is not None,
            is_planned=request.is_planned,
        )
        return self.rules.payer.judge(asked, sent=sent, at=self.at)

    def _outflow(self, order: TransferOrder) -> Outflow:
        target = self.locked.accounts.get(order.target_id)
        return Outflow(
            kind=order.kind,
            amount=order.amount,
            source=Source.of(self.locked.accounts.get(order.source_id)),
            target_id=order.target_id,
            owner_id=target.owner_id if target else None,
        )

    def _make(self, order: TransferOrder, quote: Quote, *, awaiting_approval: bool) -> Transfer:
        spending = self._admit(order)
        terms, accounts = self.rules.terms, self.locked.accounts
        if awaiting_approval:
            expires_at = self.at + terms.approval_life
            transfer = Transfer.hold(order, quote, accounts, self.at, expires_at=expires_at, awaiting_approval=True)
        elif order.capture_later:
            transfer = Transfer.hold(order, quote, accounts, self.at, expires_at=self.at + terms.hold_life)
        else:
            transfer = Transfer.settle(order, quote, accounts, self.at)
        if spending:
            self.spent[spending.owner_id, spending.currency] = spending
        return transfer

    def _admit(self, order: TransferOrder) -> Spending | None:
        key = order.payer_id, order.amount.currency.code
        tiered = self.locked.spendings.get(key) if order.kind.is_the_owners else None
        if tiered is None:
            # A system account, or a payer who does not own the source, which the transfer itself refuses.
            return None
        return self.rules.limits.of(tiered.tier).admit(self.spent.get(key, tiered.spending), order.amount, self.at)

    def _record_made(self, transfer: Transfer, request: Request) -> None:
        order = transfer.order
        self.earlier[order.initiator_id, order.key] = transfer
        self.made.append(transfer)
        self.touched |= {order.source_id, order.target_id, *(posting.account_id for posting in transfer.postings)}
        if self.locked.sent:
            self.sent.setdefault(order.payer_id, []).append(self._outflow(order))
        self.records.record(audit.made(transfer, self.locked.accounts), actor=request.actor)
        # The lines of a file are too many to announce one by one.
        if transfer.status is TransferStatus.PENDING_APPROVAL and not request.bulk_id:
            self.records.announce(approval_needed(transfer, at=self.at))
        for event in transfer.collect():
            if request.bulk_id and isinstance(event, TransferSettled):
                self.gathered.setdefault(request.bulk_id, []).append(event)
                self.payers[request.bulk_id] = request.actor
            else:
                self.records.announce(event, actor=request.actor)


def _require_kind(order: TransferOrder, request: Request) -> None:
    """Raise UsageChanged if a line of a file no longer has the kind with which the rules judged it."""
    if request.judged_as.get(order.target_id, order.kind) is not order.kind:
        raise UsageChanged(wallet_id=order.target_id)
