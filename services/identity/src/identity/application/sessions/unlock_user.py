from dataclasses import dataclass
from uuid import UUID

from identity.application.accounts.queries import AccountQueries
from identity.application.accounts.read_users import WRITERS_OF_OTHERS
from identity.application.ports.sessions import Attempts, Digests
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import facts
from identity.application.sessions.queries import SessionQueries
from identity.application.sessions.sign_in import counter_of
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.errors import AccessDenied, NotFound
from kernel.pages import PER_PAGE_MAX, PageRequest


@dataclass(frozen=True, slots=True)
class UnlockUser:
    """Let somebody try again who has used up the attempts, of the password or of codes, on known devices and in sessions too.

    For administrators and the command line.
    """

    uow: UnitOfWork
    queries: AccountQueries
    devices: SessionQueries
    attempts: Attempts
    digest: Digests
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> None:
        """Doing it again changes nothing. Raise NotFound, AccessDenied, or Unavailable when the counters are away."""
        if actor.kind is ActorKind.USER and WRITERS_OF_OTHERS.isdisjoint(actor.roles):
            raise AccessDenied(permission="user:update", resource="another user")
        if await self.queries.user(user_id) is None:
            raise NotFound(user_id=user_id)
        # On record before it is done: killed between the two, the record says too much, never too little.
        async with self.uow.begin(actor) as tx:
            await tx.factors.failures.forget(user_id)
            tx.record(facts.unlocked(str(user_id), reason=reason, at=self.clock.now()))
        page = PageRequest(per_page=PER_PAGE_MAX)
        lately = await self.devices.devices_of(user_id, page)
        await self.attempts.unlock(counter_of(self.digest, user_id), devices=[str(device.device_id) for device in lately.items])
        live = await self.devices.sessions_of(user_id, page, live=True)
        await self.attempts.unlock(f"password:{user_id}", devices=[str(session.id) for session in live.items])
