from dataclasses import dataclass
from uuid import UUID

from identity.application.users.details import ChangeDetails, Details
from identity.application.users.read_user import ReadUser
from identity.application.users.views import UserView
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """Change some of a user's details."""

    change_details: ChangeDetails
    read_user: ReadUser

    async def __call__(self, *, actor: Actor, user_id: UUID, details: Details, version: int | None = None) -> UserView:
        """Raise the errors of ChangeDetails."""
        await self.change_details(actor=actor, user_id=user_id, details=details, version=version)
        return await self.read_user(actor=actor, user_id=user_id)
