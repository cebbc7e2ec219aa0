from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.application.users.read_user import ReadUser
from identity.application.users.views import UserView
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetUser:
    """Get the caller's account. `user:read_any` allows any user's, which is recorded. Other callers get NotFound."""

    permissions: Permissions
    read_user: ReadUser

    async def __call__(self, *, actor: Actor, user_id: UUID) -> UserView:
        if actor.user_id != user_id and not self.permissions.allows(actor, READ_ANY_USER):
            raise NotFound(user_id=user_id)
        return await self.read_user(actor=actor, user_id=user_id)
