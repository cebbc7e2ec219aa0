from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from identity.application.passwords import audit
from identity.application.passwords.new_password import NewPassword
from identity.application.ports.authority import Authority
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.message import Template
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RequirePasswordReset:
    """Disable another user's password and end their sessions. Only the user can set the next one, by a reset; a mail tells them.

    The person who requires it cannot decide on a recovery of the account, neither a waiting one nor a later one.
    """

    uow: UnitOfWork
    passwords: PasswordHasher
    new_password: NewPassword
    generate_password: Callable[[], str]
    authority: Authority
    end_sessions: UserSessionsEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> None:
        """Raise NotFound, BeyondAuthority, or Unavailable if hashing is at its limit or governance is unavailable."""
        await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        password_hash = await self.passwords.hash(self.generate_password())
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None or not user.is_active:
                raise NotFound(user_id=user_id)
            await self.new_password.set(tx, user, password_hash, at=at)
            await tx.password_resets.note_required(user_id, by=actor.user_id, at=at)
            if waiting := await tx.recovery_requests.waiting_of(user_id, at=at):
                waiting.trigger(actor.user_id)
            ended = await self.end_sessions(tx, user_id, EndReason.PASSWORD_CHANGED, at=at)
            await tx.messages.send(user_id, Template.PASSWORD_RESET_REQUIRED)
            tx.record(audit.password_reset_required(user, reason, sessions_ended=ended, at=at))
