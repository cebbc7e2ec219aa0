from dataclasses import dataclass
from uuid import UUID

from identity.application.attempts.counters import counter_of
from identity.application.devices.views import DeviceViews
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.authority import Authority
from identity.application.ports.digests import Digests
from identity.application.ports.permissions import UPDATE_ANY_USER, Permissions
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions.views import SessionViews
from identity.application.users import audit
from identity.application.users.views import UserViews
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.errors import AccessDenied, NotFound
from kernel.pages import PER_PAGE_MAX, PageRequest


@dataclass(frozen=True, slots=True)
class UnlockUser:
    """Let somebody try again who has used up the attempts, of the password or of codes, on known devices and in sessions too.

    For those with `user:update_any`, and the command line, which works while governance is away.
    """

    uow: UnitOfWork
    queries: UserViews
    devices: DeviceViews
    sessions: SessionViews
    permissions: Permissions
    authority: Authority
    attempts: AttemptLimits
    digest: Digests
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> None:
        """Doing it again changes nothing. Raise NotFound, AccessDenied, BeyondAuthority, or Unavailable.

        The last when the counters are away, or governance.
        """
        if actor.kind is not ActorKind.SERVICE and not self.permissions.allows(actor, UPDATE_ANY_USER):
            raise AccessDenied(permission=UPDATE_ANY_USER)
        if await self.queries.user(user_id) is None:
            raise NotFound(user_id=user_id)
        if actor.kind is not ActorKind.SERVICE:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        # On record before it is done: killed between the two, the record says too much, never too little.
        async with self.uow.begin(actor) as tx:
            await tx.factors.failures.forget(user_id)
            tx.record(audit.unlocked(str(user_id), reason=reason, at=self.clock.now()))
        page = PageRequest(per_page=PER_PAGE_MAX)
        lately = await self.devices.devices_of(user_id, page)
        await self.attempts.unlock(counter_of(self.digest, user_id), devices=[str(device.device_id) for device in lately.items])
        live = await self.sessions.sessions_of(user_id, page, live=True)
        await self.attempts.unlock(f"password:{user_id}", devices=[str(session.id) for session in live.items])
