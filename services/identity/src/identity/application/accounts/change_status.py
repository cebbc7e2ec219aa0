from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from identity.application.accounts import facts
from identity.application.ports.sessions import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions.end_sessions import end_all
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AccessDenied, NotFound


class StatusChange(StrEnum):
    SUSPEND = "suspend"
    ACTIVATE = "activate"
    DELETE = "delete"
    RESTORE = "restore"


_TEMPLATES: Final[Mapping[StatusChange, Template]] = {
    StatusChange.SUSPEND: Template.ACCOUNT_SUSPENDED,
    StatusChange.ACTIVATE: Template.ACCOUNT_ACTIVATED,
    StatusChange.DELETE: Template.ACCOUNT_DELETED,
    StatusChange.RESTORE: Template.ACCOUNT_RESTORED,
}
_ENDS_SESSIONS: Final[Mapping[StatusChange, EndReason]] = {
    StatusChange.SUSPEND: EndReason.SUSPENDED,
    StatusChange.DELETE: EndReason.DELETED,
}


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Suspend, activate, delete or restore another's account, for a reason; doing it twice changes nothing.

    Who may no longer act has no session from then on.
    """

    uow: UnitOfWork
    revocations: Revocations
    clock: Clock

    async def __call__(
        self, *, actor: Actor, user_id: UUID, change: StatusChange, reason: str, version: int | None = None
    ) -> None:
        """Raise NotFound, StaleVersion, or AccessDenied for one's own account: nobody locks themselves out."""
        if actor.subject_id == str(user_id):
            raise AccessDenied(permission=f"user:{change}", resource="own account")
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None:
                raise NotFound(user_id=user_id)
            user.require_version(version)
            before = user.status.value
            if not _apply(user, change, reason, at):
                return
            reason_of_end = _ENDS_SESSIONS.get(change)
            ended = await end_all(tx, user_id, reason_of_end, at) if reason_of_end else ()
            await tx.messages.send(user_id, _TEMPLATES[change])
            tx.record(facts.status_changed(change, user, before=before, reason=reason, at=at))
        for session in ended:
            await self.revocations.try_add(session.id, ended_at=at)


def _apply(user: User, change: StatusChange, reason: str, at: datetime) -> bool:
    verbs = {
        StatusChange.SUSPEND: user.suspend,
        StatusChange.ACTIVATE: user.activate,
        StatusChange.DELETE: user.delete,
        StatusChange.RESTORE: user.restore,
    }
    return verbs[change](reason, at=at)
