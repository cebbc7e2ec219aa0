from dataclasses import dataclass

from identity.application.factors.second_factor import end_others, lock_to_change, settle_removal, take_effect
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RemoveTotp:
    """Do without the authenticator app; the user is told."""

    uow: UnitOfWork
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, end_other_sessions: bool = True) -> None:
        """Raise StepUpRequired, or NotFound without an app."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            found = await tx.factors.totps.lock(user.id)
            if found is None or not found[0].is_confirmed:
                raise NotFound(user_id=user.id)
            await tx.factors.totps.remove(user.id)
            others = await end_others(tx, actor, user, wanted=end_other_sessions, at=at)
            ended = await settle_removal(tx, user, "totp", ended=others, at=at)
        await take_effect(self.revocations, user, ended, at=at)
