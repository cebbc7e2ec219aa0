from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from identity.application.ports.authority import Authority
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions.end_sessions import end_all
from identity.application.users import audit
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import User, UserStatus
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AccessDenied, NotFound, Unavailable


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
_BECOMES: Final[Mapping[StatusChange, UserStatus]] = {
    StatusChange.SUSPEND: UserStatus.SUSPENDED,
    StatusChange.ACTIVATE: UserStatus.ACTIVE,
    StatusChange.DELETE: UserStatus.DELETED,
}
_ENDS_SESSIONS: Final[Mapping[StatusChange, EndReason]] = {
    StatusChange.SUSPEND: EndReason.SUSPENDED,
    StatusChange.DELETE: EndReason.DELETED,
}


# How often governance is asked again because the account has changed since it was read.
TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Suspend, activate, delete or restore another's account, for a reason; doing it twice changes nothing.

    A user who may no longer act has no session from then on. Governance agrees first: that the actor may act on the account, and
    that a person who is able to manage roles is left. It is asked outside of the transaction, about the version that is changed.
    """

    uow: UnitOfWork
    authority: Authority
    revocations: Revocations
    clock: Clock

    async def __call__(
        self, *, actor: Actor, user_id: UUID, change: StatusChange, reason: str, version: int | None = None
    ) -> None:
        """Raise NotFound, StaleVersion, BeyondAuthority, LastAdministrator, Unavailable when governance is away, or AccessDenied.

        AccessDenied is for the actor's own account: nobody locks themselves out.
        """
        if actor.subject_id == str(user_id):
            raise AccessDenied(permission=f"user:{change}", resource="own account")
        for _ in range(TRIES_MAX):
            seen = await self._agree(actor, user_id, change, version)
            if seen is None or await self._change(actor, user_id, change, reason, seen):
                return
        raise Unavailable(reason="the account changes all the time", user_id=user_id)

    async def _agree(self, actor: Actor, user_id: UUID, change: StatusChange, version: int | None) -> int | None:
        """Return the version of the account that governance has agreed about; None when there is nothing to change."""
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None:
                raise NotFound(user_id=user_id)
            user.require_version(version)
            seen, is_changed = user.version, _is_changed_by(change, user)
        if is_changed and change in _ENDS_SESSIONS:
            await self.authority.disable(actor_id=actor.user_id, subject_id=user_id, version=seen)
        else:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        return seen if is_changed else None

    async def _change(self, actor: Actor, user_id: UUID, change: StatusChange, reason: str, seen: int) -> bool:
        """Change the account in the version seen; False when it has another by now."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None or user.version != seen:
                return False
            before = user.status.value
            _apply(user, change, reason, at)
            reason_of_end = _ENDS_SESSIONS.get(change)
            ended = await end_all(tx, user_id, reason_of_end, at) if reason_of_end else ()
            await tx.messages.send(user_id, _TEMPLATES[change])
            tx.record(audit.status_changed(change, user, before=before, reason=reason, at=at))
        for session in ended:
            await self.revocations.try_add(session.id, ended_at=at)
        return True


def _is_changed_by(change: StatusChange, user: User) -> bool:
    """Tell whether there is something to change; raises NotFound for an account that the change is not for."""
    return user.may_become(_BECOMES[change]) if change in _BECOMES else user.status is UserStatus.DELETED


def _apply(user: User, change: StatusChange, reason: str, at: datetime) -> bool:
    verbs = {
        StatusChange.SUSPEND: user.suspend,
        StatusChange.ACTIVATE: user.activate,
        StatusChange.DELETE: user.delete,
        StatusChange.RESTORE: user.restore,
    }
    return verbs[change](reason, at=at)
