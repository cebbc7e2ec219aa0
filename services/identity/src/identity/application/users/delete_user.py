from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.users.status_changes import ChangeStatus, StatusChange
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import UserStatus
from kernel.actor import Actor

_CHANGE: Final = StatusChange(
    verb="delete",
    has_effect=lambda user: user.may_become(UserStatus.DELETED),
    apply=lambda user, reason, at: user.delete(reason, at=at),
    message=Template.ACCOUNT_DELETED,
    ends_sessions=EndReason.DELETED,
)


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Close another user's account and end all their sessions. The data stays until it is erased."""

    change_status: ChangeStatus

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str, version: int | None = None) -> None:
        """Raise the errors of ChangeStatus."""
        await self.change_status(_CHANGE, actor=actor, user_id=user_id, reason=reason, version=version)
