from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue
from kernel.money import Money
from payments.application.ports.bulk import Wallets
from payments.application.ports.pricing import ApprovalPolicies, PriceBooks
from payments.domain.errors import NotPositive
from payments.domain.fee_rule import CHARGEABLE
from payments.domain.price_book import Quote


@dataclass(frozen=True, slots=True)
class Quoted:
    """What an order would cost if it were placed at `at`; a promise it is not."""

    quote: Quote
    needs_approval: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class QuoteOrder:
    """Tell a payer the fee, the rate and whether a second person is needed, before paying."""

    prices: PriceBooks
    approvals: ApprovalPolicies
    wallets: Wallets
    clock: Clock

    async def __call__(
        self, *, actor: Actor, kind: str, amount: Money, target_currency: str | None = None, target_id: UUID | None = None
    ) -> Quoted:
        if kind not in CHARGEABLE:
            raise InvalidValue(field="kind", expected=f"one of {', '.join(sorted(CHARGEABLE))}")
        if not amount.is_positive:
            raise NotPositive(field="amount", amount=amount.text)
        at = self.clock.now()
        quote = self.prices.current().quote(kind=kind, amount=amount, target_currency=target_currency, roles=actor.roles, at=at)
        needs_approval = self.approvals.approvals().needed(
            kind=kind,
            amount=amount,
            initiator_id=actor.user_id,
            roles=actor.roles,
            counterparties=await self._counterparties(target_id) if target_id else (),
        )
        return Quoted(quote, needs_approval, at)

    async def _counterparties(self, target_id: UUID) -> tuple[UUID, ...]:
        """The wallet and its owner: a rule may be about either, as when the order is placed."""
        wallet = (await self.wallets.of([target_id])).get(target_id)
        return (target_id, wallet.owner_id) if wallet and wallet.owner_id else (target_id,)
