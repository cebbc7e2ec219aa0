from dataclasses import dataclass

from identity.application.users.read_user import ReadUser
from identity.application.users.views import UserView
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class GetMe:
    """Get the caller's account."""

    read_user: ReadUser

    async def __call__(self, *, actor: Actor) -> UserView:
        return await self.read_user(actor=actor, user_id=actor.user_id)
