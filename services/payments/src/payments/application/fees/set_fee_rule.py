from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.fees import audit
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.versions import Draft, RequestedPeriod, set_version
from payments.domain.fee_rule import FeeRule


@dataclass(frozen=True, slots=True)
class SetFeeRule:
    """Record the first or next version of a fee rule. The previous version ends when this one starts."""

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, draft: Draft[FeeRule], period: RequestedPeriod, reason: str) -> FeeRule:
        """Raise LaterVersion, or InvalidValue for a time that has passed."""
        async with self.uow.begin(actor) as tx:
            return await set_version(
                tx, tx.fee_rules, audit.FEE_RULE, draft, period=period, by=actor.subject_id, at=self.clock.now(), reason=reason
            )
