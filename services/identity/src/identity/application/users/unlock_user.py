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
    """Let somebody try again who has used up the attempts, of the password or of codes, on known devices and in sessions too.

    For those with `user:update_any`, and the command line, which works while governance is away.
    """

    uow: UnitOfWork
    views: UserViews
    permissions: Permissions
    authority: Authority
    unlock_attempts: AttemptUnlocking
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> None:
        """Doing it again changes nothing. Raise NotFound, AccessDenied, BeyondAuthority, or Unavailable.

        The last when the counters are away, or governance.
        """
        if actor.kind is not ActorKind.SERVICE and not self.permissions.allows(actor, UPDATE_ANY_USER):
            raise AccessDenied(permission=UPDATE_ANY_USER)
        if await self.views.user(user_id) is None:
            raise NotFound(user_id=user_id)
        if actor.kind is not ActorKind.SERVICE:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        # On record before it is done: killed between the two, the record says too much, never too little.
        async with self.uow.begin(actor) as tx:
            await tx.factors.failures.forget(user_id)
            tx.record(audit.unlocked(str(user_id), reason=reason, at=self.clock.now()))
        await self.unlock_attempts(user_id=user_id)
