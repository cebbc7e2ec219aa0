"""Settle the waiting requests together: one screening call and one transaction, an outcome for each."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError
from payments.application.ports.approvals import ApprovalPolicies
from payments.application.ports.limits import LimitBooks
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.prices import PriceBooks
from payments.application.ports.screening import Screening
from payments.application.ports.signatures import Signatures
from payments.application.ports.spending import SentQuestion
from payments.application.ports.transfers import Request, Terms
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.transfers.batch import Batch, Outcome, Rules
from payments.application.transfers.prepared_request import PreparedRequest, priced
from payments.application.transfers.rehearsal import Rehearsal
from payments.application.transfers.rehearsed_run import RehearsedRun, run_on
from payments.domain.approval import ApprovalRules
from payments.domain.limits import LimitBook
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import PayerRules
from payments.domain.price_book import PriceBook

# Up to this many orders are priced without a thread; it takes a few milliseconds.
_PRICED_AT_ONCE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class QueuedRequest:
    """A request, with the trace context of its events and audit facts."""

    request: Request
    context: Context = field(default_factory=Context, compare=False)


PostBatch = Callable[[Sequence[QueuedRequest]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class PostTransfers:
    """Post a batch. A refused request does not affect the others; its outcome is the refusal."""

    uow: UnitOfWork
    screening: Screening
    signatures: Signatures
    prices: PriceBooks
    limits: LimitBooks
    approvals: ApprovalPolicies
    payment_permissions: PaymentPermissions
    policy: PayerPolicy
    terms: Terms
    clock: Clock

    async def __call__(self, waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        requests = [one.request for one in waiting]
        rules, prepared = await self._prepare(requests)
        async with self.uow.begin(Actor.service("payments")) as tx:
            batch = await self._lock(tx, rules, prepared)
            outcomes = [one.context.run(batch.settle, ready) for one, ready in zip(waiting, prepared, strict=True)]
            batch.write(tx.ledger)
            tx.approvals.ask(*batch.asked)
        return outcomes

    async def rehearse(self, request: Request) -> Rehearsal:
        """Return the result of a dry run of a request. Nothing is written, and its key stays unused."""
        rules, [prepared] = await self._prepare([request])
        async with self.uow.begin(Actor.service("payments")) as tx:
            batch = await self._lock(tx, rules, [prepared])
            return batch.rehearse(prepared)

    async def rehearse_run(self, requests: Sequence[Request]) -> RehearsedRun:
        """Return the results of a dry run of several requests of one payer in one currency, one after another.

        The accounts are locked only while they are read. A thread then computes the results, so a large file blocks nobody.
        """
        rules, prepared = await self._prepare(requests)
        async with self.uow.begin(Actor.service("payments")) as tx:
            batch = await self._lock(tx, rules, prepared)
        return await asyncio.to_thread(run_on, batch, prepared)

    async def _lock(self, tx: Transaction, rules: Rules, prepared: Sequence[PreparedRequest]) -> Batch:
        requests = [one.request for one in prepared]
        orders = [order for request in requests for order in request.orders]
        locked = await tx.ledger.lock(
            {id_ for one in prepared for id_ in one.account_ids},
            {key for request in requests for key in request.keys},
            # The orders count against the spending of their sources' owners, who alone may spend from them.
            {order.source_id for order in orders if order.kind.is_the_owners},
            list(_questions(requests, rules.payer.approvals, self.clock.now())),
        )
        # Take the time under the locks: the times of an account's postings must be in the order of writing.
        return Batch(tx, locked, rules, self.clock.now())

    async def _prepare(self, requests: Sequence[Request]) -> tuple[Rules, Sequence[PreparedRequest]]:
        """Get everything needed from other services. Keep failures: a repeated key gets its first response regardless."""
        try:
            payer = PayerRules(self.policy, self.approvals.approvals(), self.payment_permissions.of_payments())
            rules = Rules(self.limits.limits(), payer, self.terms)
            return rules, await self._prepare_each(requests, self.prices.current())
        except DomainError as refusal:
            nothing = Rules(LimitBook(), PayerRules(PayerPolicy(), ApprovalRules(), None), self.terms)
            return nothing, [PreparedRequest(request, refusal=request.actor.refusal or refusal) for request in requests]

    async def _prepare_each(self, requests: Sequence[Request], prices: PriceBook) -> Sequence[PreparedRequest]:
        at = self.clock.now()
        asking = [request for request in requests if request.actor.refusal is None]
        verdicts = iter(await self.screening.screen([order for request in asking for order in request.orders]))
        signed = [request for request in asking if request.signature]
        verified = dict(zip(map(id, signed), await asyncio.gather(*map(self._verify, signed)), strict=True)) if signed else {}

        def prepare() -> Sequence[PreparedRequest]:
            return [
                PreparedRequest(request, refusal=request.actor.refusal)
                if request.actor.refusal
                else PreparedRequest(
                    request,
                    tuple(priced(order, prices, request.actor.roles, at) for order in request.orders),
                    [next(verdicts) for _ in request.orders],
                    *verified.get(id(request), (None, None)),
                )
                for request in requests
            ]

        # Price in a thread: a large file would block other requests.
        is_large = sum(len(request.orders) for request in requests) > _PRICED_AT_ONCE_MAX
        return await asyncio.to_thread(prepare) if is_large else prepare()

    async def _verify(self, request: Request) -> tuple[DomainError | None, bytes | None]:
        """Return why the request's signature is invalid, or the text that it signs."""
        if request.signature is None:
            return None, None
        try:
            by = request.orders[0].initiator_id
            return None, await self.signatures.verify(request.signature, by=by, texts=request.signed_texts)
        except DomainError as refusal:
            return refusal, None


def _questions(requests: Sequence[Request], approvals: ApprovalRules, at: datetime) -> Iterator[SentQuestion]:
    """Return the questions about the payers' earlier requests: none if no rule in the currency has a window."""
    asked: set[tuple[UUID, str]] = set()
    for request in requests:
        for order in request.orders:
            payer = order.payer_id, order.amount.currency.code
            if request.is_judged or payer in asked:
                continue
            asked.add(payer)
            for rule in approvals.windowed(order.amount.currency.code):
                if rule.window is not None:
                    yield SentQuestion(order.payer_id, rule, at - rule.window)
