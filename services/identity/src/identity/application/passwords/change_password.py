from dataclasses import dataclass
from uuid import UUID

from identity.application.devices.known_device import is_on_known_device
from identity.application.passwords import audit
from identity.application.passwords.new_password import NewPassword
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.credentials import Credentials, CredentialView
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import InvalidCredentials, TooManyAttempts
from identity.domain.message import Template
from identity.domain.password_policy import normalise
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Change the caller's password. Requires the current one. All other sessions end, and the owner is notified."""

    uow: UnitOfWork
    credentials: Credentials
    passwords: PasswordHasher
    new_password: NewPassword
    attempts: AttemptLimits
    end_sessions: UserSessionsEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, current: str, new: str) -> None:
        """Raise StepUpRequired, InvalidCredentials, WeakPassword, TooManyAttempts, or NotFound for another user's account."""
        if actor.user_id != user_id:
            raise NotFound(user_id=user_id)
        credential = await self._verify_current(actor, user_id, current)
        password_hash = await self.new_password.prepare(user_id=user_id, password=new, multi_factor=credential.has_second_factor)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            # The credential was read without a lock. Compare hashes: they are salted, while times could be equal.
            if user is None or not user.is_active or user.password_hash != credential.password_hash:
                raise InvalidCredentials
            RECENT.require(actor, at=at, factors=user.factors)
            from_known_device = await is_on_known_device(tx, actor.session_id, at=at)
            await self.new_password.set(tx, user, password_hash, at=at, from_known_device=from_known_device)
            ended = await self.end_sessions(tx, user_id, EndReason.PASSWORD_CHANGED, at=at, except_session=actor.session_id)
            await tx.messages.send(user_id, Template.PASSWORD_CHANGED)
            tx.record(audit.password_changed(user, sessions_ended=ended, at=at))

    async def _verify_current(self, actor: Actor, user_id: UUID, current: str) -> CredentialView:
        """Return the credential that matches the current password. A thief with a session gets no more guesses than at a sign-in.

        Attempts count only for this session, so that its thief cannot lock out the owner in other sessions.
        """
        counter, session = f"password:{user_id}", str(actor.session_id)
        try:
            await self.attempts.admit(counter, actor.ip, device=session)
        except TooManyAttempts:
            await self._record_refusal(actor, user_id, "throttled")
            raise
        credential = await self.credentials.credential_of(user_id)
        verified = await self.passwords.verify(credential.password_hash if credential else None, normalise(current))
        if credential is None or not verified.matches:
            await self._record_refusal(actor, user_id, "wrong_password")
            raise InvalidCredentials
        await self.attempts.forget(counter, actor.ip, device=session)
        return credential

    async def _record_refusal(self, actor: Actor, user_id: UUID, reason: str) -> None:
        async with self.uow.begin(actor) as tx:
            tx.record_bounded(audit.password_change_refused(user_id, reason=reason, at=self.clock.now()), user_id=user_id)
