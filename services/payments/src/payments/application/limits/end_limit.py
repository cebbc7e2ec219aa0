from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.limits import audit
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.versions import end_version
from payments.domain.limits import Limit


@dataclass(frozen=True, slots=True)
class EndLimit:
    """End a tier's limits in a currency now or at a later time. Without limits, the tier is unlimited in that currency."""

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, version_id: UUID, until: datetime | None, reason: str) -> Limit:
        """Raise NotFound, AlreadyEnded, or InvalidValue for a time that has passed."""
        async with self.uow.begin(actor) as tx:
            return await end_version(tx, tx.limits, audit.LIMIT, version_id, until=until, at=self.clock.now(), reason=reason)
