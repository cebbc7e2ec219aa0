from dataclasses import dataclass
from uuid import UUID

from identity.application.users.get_user import GetUser
from identity.application.users.views import UserView
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class GetProfile:
    """Get the profile of a user whom the caller may read."""

    get_user: GetUser

    async def __call__(self, *, actor: Actor, user_id: UUID) -> UserView:
        return await self.get_user(actor=actor, user_id=user_id)
