from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.attempts import AttemptUnlocking
from identity.application.ports.authority import Authority
from identity.application.ports.permissions import UPDATE_ANY_USER, Permissions
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users import audit
from identity.application.users.views import UserViews
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.errors import AccessDenied, NotFound


@dataclass(frozen=True, slots=True)
class UnlockUser:
    """Reset a user's failed attempts: passwords and codes, on all devices and in sessions.

    For callers with `user:update_any`, and for the command line, which works while governance is unavailable.
    """

    uow: UnitOfWork
    views: UserViews
    permissions: Permissions
    authority: Authority
    unlock_attempts: AttemptUnlocking
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> None:
        """Raise NotFound, AccessDenied, BeyondAuthority, or Unavailable. Repeating it changes nothing.

        Unavailable is raised if the counters or governance cannot be reached.
        """
        if actor.kind is not ActorKind.SERVICE and not self.permissions.allows(actor, UPDATE_ANY_USER):
            raise AccessDenied(permission=UPDATE_ANY_USER)
        if await self.views.user(user_id) is None:
            raise NotFound(user_id=user_id)
        if actor.kind is not ActorKind.SERVICE:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        # Record it first: after a crash in between, the log has an act that did not happen, but never misses one.
        async with self.uow.begin(actor) as tx:
            await tx.factors.failures.forget(user_id)
            tx.record(audit.unlocked(str(user_id), reason=reason, at=self.clock.now()))
        await self.unlock_attempts(user_id=user_id)
