from dataclasses import dataclass
from uuid import UUID

from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.factors.record_removed_factor import RecordRemovedFactor
from identity.application.passkeys.own_passkey import lock_own_passkey
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    """Remove a passkey of the caller, and notify them."""

    uow: UnitOfWork
    record_removed_factor: RecordRemovedFactor
    clock: Clock

    async def __call__(self, *, actor: Actor, passkey_id: UUID, end_other_sessions: bool = True) -> None:
        """Raise StepUpRequired, or NotFound for a passkey that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            await tx.factors.passkeys.remove(await lock_own_passkey(tx, actor, passkey_id))
            await self.record_removed_factor(
                tx, actor, user, "passkey", end_other_sessions=end_other_sessions, passkey_id=passkey_id, at=at
            )
