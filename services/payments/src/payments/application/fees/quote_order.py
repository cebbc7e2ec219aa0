from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError, InvalidValue, Kind
from kernel.money import Money
from payments.application.limits.list_my_limits import ListMyLimits
from payments.application.ports.accounts import AccountLookup
from payments.application.ports.approvals import ApprovalPolicies
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.prices import PriceBooks
from payments.application.ports.screening import Screening, Verdict
from payments.application.ports.spending import Sent, SentQuestion
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.account import Account
from payments.domain.approval import ApprovalRules, Outflow
from payments.domain.errors import NotPositive, ScreeningRefused
from payments.domain.fee_rule import CHARGEABLE
from payments.domain.limits import Allowance, TierLimits
from payments.domain.parties import account, kind_to, require_payer
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules
from payments.domain.payment_permission import Source
from payments.domain.price_book import Quote
from payments.domain.transfer_order import TransferKind, TransferOrder

# The payee was not named, so rules about a counterparty do not match.
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """The price of an order at `at`, not guaranteed.

    `limits` is what its payer may still move now. `refusal` is the first error from the policies, compliance, limits or the
    source's funds.
    """

    quote: Quote
    kind: TransferKind
    needs: Needs
    at: datetime
    limits: Sequence[Allowance] = ()
    screening: Literal["clear", "refused"] | None = None
    refusal: DomainError | None = None


@dataclass(frozen=True, slots=True)
class QuoteOrder:
    """Return the fee, the rate and the requirements of an order. If the payee is known, it decides the kind."""

    uow: UnitOfWork
    prices: PriceBooks
    approvals: ApprovalPolicies
    payment_permissions: PaymentPermissions
    policy: PayerPolicy
    wallets: AccountLookup
    list_my_limits: ListMyLimits
    screening: Screening
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        kind: str,
        amount: Money,
        target_currency: str | None = None,
        target_id: UUID | None = None,
        source_id: UUID | None = None,
    ) -> OrderQuote:
        """Raise InvalidValue, NotPositive, the errors of the price book, or NotFound and NotTheOwner for the source."""
        if kind not in CHARGEABLE:
            raise InvalidValue(field="kind", expected=f"one of {', '.join(sorted(CHARGEABLE))}", given=kind)
        if not amount.is_positive:
            raise NotPositive(field="amount", amount=amount.text)
        at = self.clock.now()
        found = await self.wallets.of([id_ for id_ in (source_id, target_id) if id_])
        payee = found.get(target_id) if target_id else None
        if payee:
            kind = kind_to(payee, converting=target_currency not in {None, amount.currency.code})
        quote = self.prices.current().quote(kind=kind, amount=amount, target_currency=target_currency, roles=actor.roles, at=at)
        outflow = Outflow(
            kind=TransferKind(kind),
            amount=amount,
            source=_source(actor, source_id, found),
            target_id=target_id or _NOBODY,
            owner_id=payee.owner_id if payee else None,
        )
        needs = await self._judge(actor, outflow, at)
        if source_id:
            require_payer(outflow.kind, account(found, source_id, "source_wallet_id"), actor.acts_for)
        mine = await self.list_my_limits(actor=actor)
        limits = [one for one in mine.allowances if one.spending.currency == amount.currency.code]
        verdict = await self._screen(actor, quote, outflow, source_id) if target_id else None
        refusal = needs.denied or self._refusal(quote, limits, verdict, found.get(source_id) if source_id else None)
        screening: Literal["clear", "refused"] | None = None
        if verdict:
            screening = "clear" if verdict.clear else "refused"
        return OrderQuote(quote, outflow.kind, needs, at, limits, screening, refusal)

    async def _judge(self, actor: Actor, outflow: Outflow, at: datetime) -> Needs:
        rules = PayerRules(self.policy, self.approvals.approvals(), self.payment_permissions.of_payments())
        sent = await self._sent(actor, rules.approvals, outflow.amount.currency.code, at)
        return rules.judge(
            PayerRequest(initiator_id=actor.user_id, actor=actor, outflows=[outflow]),
            sent=lambda rule: sent.get((actor.acts_for, rule.name), Decimal(0)),
            at=at,
        )

    async def _screen(self, actor: Actor, quote: Quote, outflow: Outflow, source_id: UUID | None) -> Verdict | None:
        """Return None if compliance is unavailable: a quote is useful without the verdict."""
        order = TransferOrder(
            kind=TransferKind.TRANSFER,
            key="quote",
            initiator_id=actor.user_id,
            organization_id=actor.organization_id,
            source_id=source_id or _NOBODY,
            target_id=outflow.target_id,
            amount=quote.amount,
            description="",
        )
        try:
            [verdict] = await self.screening.screen([order])
        except DomainError as away:
            if away.kind is Kind.UNAVAILABLE:
                return None
            raise
        return verdict

    def _refusal(
        self, quote: Quote, limits: Sequence[Allowance], verdict: Verdict | None, source: Account | None
    ) -> DomainError | None:
        """Return the first refusal, in the order in which the real order checks."""
        try:
            if verdict and not verdict.clear:
                raise ScreeningRefused
            for one in limits:
                TierLimits("mine", [one.limit] if one.limit else []).admit(one.spending, quote.amount, self.clock.now())
            if source:
                source.require_debit(quote.total, by_owner=True)
        except DomainError as refusal:
            return refusal
        return None

    async def _sent(self, actor: Actor, approvals: ApprovalRules, currency: str, at: datetime) -> Sent:
        questions = [
            SentQuestion(actor.acts_for, rule, at - rule.window)
            for rule in approvals.windowed(currency)
            if rule.window is not None
        ]
        if not questions:
            return {}
        async with self.uow.begin(actor) as tx:
            return await tx.spending.sent(questions)


def _source(actor: Actor, source_id: UUID | None, found: Mapping[UUID, Account]) -> Source | None:
    """Return the source that was named, or else any wallet of the payer, which is the only one that the order could debit."""
    return Source.of(found.get(source_id)) if source_id else Source(_NOBODY, actor.acts_for, actor.organization_id)
