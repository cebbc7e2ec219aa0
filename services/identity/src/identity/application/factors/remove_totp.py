from dataclasses import dataclass

from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.factors.record_removed_factor import RecordRemovedFactor
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RemoveTotp:
    """Remove the caller's authenticator app, and notify them."""

    uow: UnitOfWork
    record_removed_factor: RecordRemovedFactor
    clock: Clock

    async def __call__(self, *, actor: Actor, end_other_sessions: bool = True) -> None:
        """Raise StepUpRequired, or NotFound without an app."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            found = await tx.factors.totps.lock(user.id)
            if found is None or not found[0].is_confirmed:
                raise NotFound(user_id=user.id)
            await tx.factors.totps.remove(user.id)
            await self.record_removed_factor(tx, actor, user, "totp", end_other_sessions=end_other_sessions, at=at)
