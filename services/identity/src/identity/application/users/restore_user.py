from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.users.read_user import ReadUser
from identity.application.users.status_changes import ChangeStatus, StatusChange
from identity.application.users.views import UserView
from identity.domain.message import Template
from identity.domain.user import UserStatus
from kernel.actor import Actor

_CHANGE: Final = StatusChange(
    verb="restore",
    has_effect=lambda user: user.status is UserStatus.DELETED,
    apply=lambda user, reason, at: user.restore(reason, at=at),
    message=Template.ACCOUNT_RESTORED,
)


@dataclass(frozen=True, slots=True)
class RestoreUser:
    """Reopen a deleted account."""

    change_status: ChangeStatus
    read_user: ReadUser

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> UserView:
        """Raise the errors of ChangeStatus."""
        await self.change_status(_CHANGE, actor=actor, user_id=user_id, reason=reason)
        return await self.read_user(actor=actor, user_id=user_id)
