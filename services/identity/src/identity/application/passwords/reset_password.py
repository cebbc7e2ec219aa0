from dataclasses import dataclass
from uuid import UUID

from identity.application.attempts.counters import counter_of
from identity.application.passwords import audit
from identity.application.passwords.new_password import NewPassword
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.credentials import Credentials
from identity.application.ports.digests import Digests
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import InvalidResetLink
from identity.domain.message import Template
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Set a new password with a reset link. All sessions end, and the owner is notified.

    It does not sign in, so it cannot bypass a second factor. Failed attempts with the previous password are reset.
    """

    uow: UnitOfWork
    credentials: Credentials
    secrets: OneTimeSecrets
    new_password: NewPassword
    end_sessions: UserSessionsEnder
    attempts: AttemptLimits
    digest: Digests
    clock: Clock

    async def __call__(self, *, actor: Actor, token: str, password: str) -> None:
        """Raise InvalidResetLink; WeakPassword, after which the link stays valid; or Unavailable if hashing is at its limit."""
        digest = self.secrets.digest(token)
        user_id = await self._owner_of(actor, digest)
        credential = await self.credentials.credential_of(user_id)
        multi_factor = credential is not None and credential.has_second_factor
        password_hash = await self.new_password.prepare(user_id=user_id, password=password, multi_factor=multi_factor)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Lock the user first, as everywhere. Then check the link again: another request may have used it meanwhile.
            user = await tx.users.lock(user_id)
            reset = await tx.password_resets.lock(digest)
            if user is None or not user.is_active or reset is None or not reset.use(at=at):
                raise InvalidResetLink(field="token")
            await self.new_password.set(tx, user, password_hash, at=at)
            ended = await self.end_sessions(tx, user.id, EndReason.PASSWORD_CHANGED, at=at)
            tx.record(audit.password_reset(user, sessions_ended=ended, at=at))
            await tx.messages.send(user.id, Template.PASSWORD_CHANGED)
            tx.after_commit(lambda: self.attempts.forget(counter_of(self.digest, user_id), actor.ip))

    async def _owner_of(self, actor: Actor, digest: bytes) -> UUID:
        """Return the user of the link. Refuse an invalid link before any password is hashed."""
        async with self.uow.begin(actor) as tx:
            reset = await tx.password_resets.lock(digest)
            if reset is None or reset.used_at is not None or self.clock.now() >= reset.expires_at:
                raise InvalidResetLink(field="token")
            return reset.user_id
