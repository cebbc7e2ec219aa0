from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.limits import audit
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.versions import Draft, RequestedPeriod, set_version
from payments.domain.limits import Limit


@dataclass(frozen=True, slots=True)
class SetLimit:
    """Record the next limits of a tier in a currency. The previous limits end when these start."""

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, draft: Draft[Limit], period: RequestedPeriod, reason: str) -> Limit:
        """Raise LaterVersion, or InvalidValue for a time that has passed."""
        async with self.uow.begin(actor) as tx:
            return await set_version(
                tx, tx.limits, audit.LIMIT, draft, period=period, by=actor.subject_id, at=self.clock.now(), reason=reason
            )
