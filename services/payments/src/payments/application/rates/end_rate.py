from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.rates import audit
from payments.application.versions import end_version
from payments.domain.fx_rate import FxRate


@dataclass(frozen=True, slots=True)
class EndRate:
    """End an exchange rate now or at a later time. Without a rate, conversions are refused."""

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, version_id: UUID, until: datetime | None, reason: str) -> FxRate:
        """Raise NotFound, AlreadyEnded, or InvalidValue for a time that has passed."""
        async with self.uow.begin(actor) as tx:
            return await end_version(tx, tx.fx_rates, audit.RATE, version_id, until=until, at=self.clock.now(), reason=reason)
