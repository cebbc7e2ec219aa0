"""A forgotten password: a link by mail, then a new password. It signs nobody in, so it never goes round a second factor."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from identity.application.accounts.new_password import NewPassword
from identity.application.attempts.counters import account_of, counter_of
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.credentials import Credentials
from identity.application.ports.digests import Digests
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.recovery import facts
from identity.application.sessions.end_sessions import end_all
from identity.domain.errors import InvalidResetLink
from identity.domain.message import Template
from identity.domain.password_reset import PER_HOUR_MAX, PasswordReset
from identity.domain.session import EndReason
from identity.domain.sign_in_name import SignInName
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AskPasswordReset:
    """Send a link to whoever's address it is. The answer, and the work, are the same for an address that nobody has.

    `page` takes the link's secret behind its "#", which browsers send to no server.
    """

    uow: UnitOfWork
    queries: Credentials
    secrets: OneTimeSecrets
    digest: Digests
    clock: Clock
    page: str

    async def __call__(self, *, actor: Actor, email: str) -> None:
        name = SignInName.email(email)
        account = account_of(self.digest, name)
        credential = await self.queries.credential(name)
        at, secret = self.clock.now(), self.secrets.issue()
        nobody, link = new_id(), f"{self.page}#token={secret.text}"
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(credential.user_id if credential else nobody)
            issued = await tx.password_resets.issued_since(user.id if user else nobody, at - _HOUR)
            sent = user is not None and user.is_active and issued < PER_HOUR_MAX
            # Whose link it is that nobody gets: it opens nothing, for its secret is told to nobody.
            reset = PasswordReset.issue(new_id(), user.id if user and sent else nobody, secret.digest, at=at)
            # The newest link alone is good.
            await tx.password_resets.void(reset.user_id, at=at)
            tx.password_resets.add(reset)
            if sent:
                sent = await tx.messages.send(reset.user_id, Template.PASSWORD_RESET, link=link)
            else:
                await tx.messages.send(nobody, Template.DECOY, to=name.text, link=link)
            tx.tally(facts.reset_asked(account, reset if sent else None, at=at))


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Choose a new password by a link; every session ends, and the owner is told.

    Guesses of the password that is gone are forgotten: who has the mailbox may sign in.
    """

    uow: UnitOfWork
    queries: Credentials
    secrets: OneTimeSecrets
    new_password: NewPassword
    revocations: Revocations
    attempts: AttemptLimits
    digest: Digests
    clock: Clock

    async def __call__(self, *, actor: Actor, token: str, password: str) -> None:
        """Raise InvalidResetLink, or WeakPassword, which leaves the link good; Unavailable when hashing is at its limit."""
        digest = self.secrets.digest(token)
        user_id = await self._whose(actor, digest)
        credential = await self.queries.credential_of(user_id)
        multi_factor = credential is not None and credential.has_second_factor
        password_hash = await self.new_password.prepare(user_id=user_id, password=password, multi_factor=multi_factor)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # The user first, as everywhere; then the link is looked at again, for another may have used it meanwhile.
            user = await tx.users.lock(user_id)
            reset = await tx.password_resets.lock(digest)
            if user is None or not user.is_active or reset is None or not reset.use(at=at):
                raise InvalidResetLink(field="token")
            await self.new_password.set(tx, user, password_hash, at=at)
            ended = await end_all(tx, user.id, EndReason.PASSWORD_CHANGED, at)
            tx.record(facts.password_reset(user, sessions_ended=len(ended), at=at))
            await tx.messages.send(user.id, Template.PASSWORD_CHANGED)
        for session in ended:
            await self.revocations.try_add(session.id, ended_at=at)
        await self.attempts.forget(counter_of(self.digest, user_id), actor.ip)

    async def _whose(self, actor: Actor, digest: bytes) -> UUID:
        """Tell whose link it is; nothing is hashed for one that is not good."""
        async with self.uow.begin(actor) as tx:
            reset = await tx.password_resets.lock(digest)
            if reset is None or reset.used_at is not None or self.clock.now() >= reset.expires_at:
                raise InvalidResetLink(field="token")
            return reset.user_id
