from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.rates import audit
from payments.application.versions import Draft, RequestedPeriod, set_version
from payments.domain.fx_rate import FxRate


@dataclass(frozen=True, slots=True)
class SetRate:
    """Record the next exchange rate of a currency pair. The previous rate ends when this one starts."""

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, draft: Draft[FxRate], period: RequestedPeriod, reason: str) -> FxRate:
        """Raise LaterVersion, or InvalidValue for a time that has passed."""
        async with self.uow.begin(actor) as tx:
            return await set_version(
                tx, tx.fx_rates, audit.RATE, draft, period=period, by=actor.subject_id, at=self.clock.now(), reason=reason
            )
