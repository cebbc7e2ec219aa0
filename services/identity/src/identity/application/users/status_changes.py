"""The common part of suspending, activating, deleting and restoring a user."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.ports.authority import Authority
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users import audit
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AccessDenied, NotFound, Unavailable

# How often to ask governance again if the account has changed since it was read.
TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """`has_effect` returns whether the change would have an effect. It raises NotFound if the account cannot change this way."""

    verb: str
    has_effect: Callable[[User], bool]
    apply: Callable[[User, str, datetime], bool]
    message: Template
    ends_sessions: EndReason | None = None


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Change the status of another user's account, for a reason. Repeating it changes nothing.

    A user who can no longer act has no sessions. Governance must first agree that the actor may act on the account and that a
    user who can manage roles remains. It is asked outside the transaction, about the version that is then changed.
    """

    uow: UnitOfWork
    authority: Authority
    end_sessions: UserSessionsEnder
    clock: Clock

    async def __call__(
        self, change: StatusChange, *, actor: Actor, user_id: UUID, reason: str, version: int | None = None
    ) -> None:
        """Raise NotFound, StaleVersion, BeyondAuthority, LastAdministrator, AccessDenied, or Unavailable if governance is down.

        AccessDenied is for the actor's own account, so that nobody locks themselves out.
        """
        if actor.subject_id == str(user_id):
            raise AccessDenied(permission=f"user:{change.verb}", resource="own account")
        for _ in range(TRIES_MAX):
            agreed = await self._agree(change, actor, user_id, version)
            if agreed is None or await self._change(change, actor, user_id, reason, agreed):
                return
        raise Unavailable(reason="the account keeps changing", user_id=user_id)

    async def _agree(self, change: StatusChange, actor: Actor, user_id: UUID, version: int | None) -> int | None:
        """Return the version of the account that governance agreed to change, or None if there is nothing to change."""
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None:
                raise NotFound(user_id=user_id)
            user.require_version(version)
            agreed, has_effect = user.version, change.has_effect(user)
        if has_effect and change.ends_sessions:
            await self.authority.disable(actor_id=actor.user_id, subject_id=user_id, version=agreed)
        else:
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        return agreed if has_effect else None

    async def _change(self, change: StatusChange, actor: Actor, user_id: UUID, reason: str, agreed: int) -> bool:
        """Change the account in the agreed version. Return False if it has another version by now."""
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None or user.version != agreed:
                return False
            with tx.change(audit.USER_STATUS, user, change.verb, at=self.clock.now(), reason=reason) as at:
                change.apply(user, reason, at)
                if change.ends_sessions:
                    await self.end_sessions(tx, user_id, change.ends_sessions, at=at)
                await tx.messages.send(user_id, change.message)
        return True
