from dataclasses import dataclass
from uuid import UUID

from identity.application.users import audit
from identity.application.users.views import UserView, UserViews
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class ReadUser:
    """Get a user for an actor who may see them. Reading another user is recorded.

    This is also used after a change, because a change without effect leaves no other fact.
    """

    views: UserViews
    reads: Reads

    async def __call__(self, *, actor: Actor, user_id: UUID) -> UserView:
        user = await self.views.user(user_id)
        if user is None:
            raise NotFound(user_id=user_id)
        if actor.user_id != user_id:
            await self.reads.record(actor, audit.user_read(user_id))
        return user
