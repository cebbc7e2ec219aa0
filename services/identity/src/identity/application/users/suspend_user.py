from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.users.read_user import ReadUser
from identity.application.users.status_changes import ChangeStatus, StatusChange
from identity.application.users.views import UserView
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import UserStatus
from kernel.actor import Actor

_CHANGE: Final = StatusChange(
    verb="suspend",
    has_effect=lambda user: user.may_become(UserStatus.SUSPENDED),
    apply=lambda user, reason, at: user.suspend(reason, at=at),
    message=Template.ACCOUNT_SUSPENDED,
    ends_sessions=EndReason.SUSPENDED,
)


@dataclass(frozen=True, slots=True)
class SuspendUser:
    """Suspend another user and end all their sessions."""

    change_status: ChangeStatus
    read_user: ReadUser

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> UserView:
        """Raise the errors of ChangeStatus."""
        await self.change_status(_CHANGE, actor=actor, user_id=user_id, reason=reason)
        return await self.read_user(actor=actor, user_id=user_id)
