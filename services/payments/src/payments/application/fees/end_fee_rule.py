from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.fees import audit
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.versions import end_version
from payments.domain.fee_rule import FeeRule


@dataclass(frozen=True, slots=True)
class EndFeeRule:
    """End a version of a fee rule now or at a later time. A version that has not started is cancelled."""

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, version_id: UUID, until: datetime | None, reason: str) -> FeeRule:
        """Raise NotFound, AlreadyEnded, or InvalidValue for a time that has passed."""
        async with self.uow.begin(actor) as tx:
            return await end_version(
                tx, tx.fee_rules, audit.FEE_RULE, version_id, until=until, at=self.clock.now(), reason=reason
            )
