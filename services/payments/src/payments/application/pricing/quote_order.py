from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue
from kernel.money import Money
from payments.application.ports.bulk import Wallets
from payments.application.ports.ledger import Sent, SentQuestion
from payments.application.ports.pricing import ApprovalPolicies, PriceBooks
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.approval import ApprovalRules, Outflow
from payments.domain.errors import NotPositive
from payments.domain.fee_rule import CHARGEABLE
from payments.domain.parties import kind_to
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules
from payments.domain.price_book import Quote
from payments.domain.transfer_order import TransferKind

# A payee that was not named: rules about a counterparty do not match.
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What an order would cost if it were placed at `at`; a promise it is not."""

    quote: Quote
    kind: TransferKind
    needs: Needs
    at: datetime


@dataclass(frozen=True, slots=True)
class QuoteOrder:
    """Tell a payer the fee, the rate and what the order needs, before paying. A known payee decides the kind."""

    uow: UnitOfWork
    prices: PriceBooks
    approvals: ApprovalPolicies
    policy: PayerPolicy
    wallets: Wallets
    clock: Clock

    async def __call__(
        self, *, actor: Actor, kind: str, amount: Money, target_currency: str | None = None, target_id: UUID | None = None
    ) -> Quoted:
        if kind not in CHARGEABLE:
            raise InvalidValue(field="kind", expected=f"one of {', '.join(sorted(CHARGEABLE))}", given=kind)
        if not amount.is_positive:
            raise NotPositive(field="amount", amount=amount.text)
        at = self.clock.now()
        payee = (await self.wallets.of([target_id])).get(target_id) if target_id else None
        if payee:
            kind = kind_to(payee, converting=target_currency not in {None, amount.currency.code})
        quote = self.prices.current().quote(kind=kind, amount=amount, target_currency=target_currency, roles=actor.roles, at=at)
        outflow = Outflow(
            kind=TransferKind(kind),
            amount=amount,
            target_id=target_id or _NOBODY,
            owner_id=payee.owner_id if payee else None,
        )
        rules = PayerRules(self.policy, self.approvals.approvals())
        sent = await self._sent(actor, rules.approvals, amount.currency.code, at)
        needs = rules.judge(
            PayerRequest(initiator_id=actor.user_id, actor=actor, outflows=[outflow]),
            sent=lambda rule: sent.get((actor.user_id, rule.name), Decimal(0)),
            at=at,
        )
        return Quoted(quote, outflow.kind, needs, at)

    async def _sent(self, actor: Actor, approvals: ApprovalRules, currency: str, at: datetime) -> Sent:
        questions = [
            SentQuestion(actor.user_id, rule, at - rule.window)
            for rule in approvals.windowed(currency)
            if rule.window is not None
        ]
        if not questions:
            return {}
        async with self.uow.begin(actor) as tx:
            return await tx.spending.sent(questions)
