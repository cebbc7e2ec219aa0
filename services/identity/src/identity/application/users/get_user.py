from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.application.users import audit
from identity.application.users.views import UserView, UserViews
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetUser:
    """Read the caller's account, or with `user:read_any` any user's, which is recorded. To others, other users do not exist."""

    queries: UserViews
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, user_id: UUID) -> UserView:
        if actor.user_id != user_id and not self.permissions.allows(actor, READ_ANY_USER):
            raise NotFound(user_id=user_id)
        return await self.changed(actor=actor, user_id=user_id)

    async def changed(self, *, actor: Actor, user_id: UUID) -> UserView:
        """Show a user to an actor who has just changed it. Recorded too: a change that changes nothing leaves no other fact."""
        user = await self.queries.user(user_id)
        if user is None:
            raise NotFound(user_id=user_id)
        if actor.user_id != user_id:
            await self.reads.record(actor, audit.user_read(user_id))
        return user
