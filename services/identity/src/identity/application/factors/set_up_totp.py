"""Setting up an authenticator app: first its secret, then a code as proof that the app has it.

Whoever is signed in may; and whoever must have a second factor before a session starts, by the challenge of the sign-in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.factors import audit
from identity.application.factors.complete_sign_in import open_challenge
from identity.application.factors.second_factor import end_others, lock_to_change, note_added, take_effect
from identity.application.ports.factors import BackupCodeMaker, TotpCodes
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.users.views import UserViews
from identity.domain.errors import FactorExists, InvalidCredentials, SignInOver, WrongCode
from identity.domain.session import Session
from identity.domain.totp import Totp
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class NewTotp:
    """What an app is given, as text and as the content of a QR code."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "NewTotp()"


@dataclass(frozen=True, slots=True)
class BeginTotp:
    uow: UnitOfWork
    queries: UserViews
    secrets: OneTimeSecrets
    codes: TotpCodes
    clock: Clock

    async def __call__(self, *, actor: Actor) -> NewTotp:
        """Begin for the caller; raises StepUpRequired, or FactorExists when an app is set up already."""
        at, secret = self.clock.now(), self.codes.new_secret()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            await self._begin(tx, user, secret, at)
        return await self._told(user.id, secret)

    async def at_sign_in(self, *, actor: Actor, challenge: str) -> NewTotp:
        """Begin for a user who must have a factor; raises SignInOver, or FactorExists."""
        at, secret = self.clock.now(), self.codes.new_secret()
        async with self.uow.begin(actor) as tx:
            user = await _enrolling(tx, self.secrets.digest(challenge), self.clock)
            await self._begin(tx, user, secret, at)
        return await self._told(user.id, secret)

    async def _begin(self, tx: Transaction, user: User, secret: str, at: datetime) -> None:
        found = await tx.factors.totps.lock(user.id)
        if found and found[0].is_confirmed:
            raise FactorExists
        await tx.factors.totps.add(Totp.begin(user.id, at=at), secret)
        tx.record_bounded(audit.factor_begun(user.id, "totp", at=at), account=user.id)

    async def _told(self, user_id: UUID, secret: str) -> NewTotp:
        user = await self.queries.user(user_id)
        return NewTotp(secret, self.codes.uri(secret, user.email if user else str(user_id)))


@dataclass(frozen=True, slots=True)
class ConfirmTotp:
    """The code that confirms is spent by it: the first sign-in needs the next one."""

    uow: UnitOfWork
    secrets: OneTimeSecrets
    codes: TotpCodes
    backup: BackupCodeMaker
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, code: str, end_other_sessions: bool = True) -> Sequence[str]:
        """Return new backup codes; raises StepUpRequired, or WrongCode, also when no app waits to be confirmed."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            ended = await end_others(tx, actor, user, wanted=end_other_sessions, at=at)
            fresh = await self._confirm(tx, user, code, ended, at)
        await take_effect(self.revocations, user, ended, at=at)
        return fresh

    async def at_sign_in(self, *, actor: Actor, challenge: str, code: str) -> Sequence[str]:
        """Do the same for a user who must have a factor; a wrong code counts among the sign-in's five.

        Sessions that began without it end.
        """
        at, digest = self.clock.now(), self.secrets.digest(challenge)
        try:
            async with self.uow.begin(actor) as tx:
                user = await _enrolling(tx, digest, self.clock)
                ended = await end_others(tx, actor, user, wanted=True, at=at)
                fresh = await self._confirm(tx, user, code, ended, at)
        except WrongCode:
            await self._count(actor, digest, at)
            raise
        await take_effect(self.revocations, user, ended, at=at)
        return fresh

    async def _confirm(self, tx: Transaction, user: User, code: str, ended: Sequence[Session], at: datetime) -> Sequence[str]:
        found = await tx.factors.totps.lock(user.id)
        step = self.codes.step_of(found[1], code, at=at) if found and not found[0].is_confirmed else None
        if found is None or step is None:
            raise WrongCode
        found[0].confirm(step, at=at)
        fresh = self.backup.make()
        await tx.factors.backup_codes.replace(user.id, [self.backup.digest(user.id, each) for each in fresh], at=at)
        await note_added(tx, user, "totp", sessions_ended=len(ended), at=at)
        return fresh

    async def _count(self, actor: Actor, digest: bytes, at: datetime) -> None:
        async with self.uow.begin(actor) as tx:
            challenge = await open_challenge(tx, digest, clock=self.clock)
            challenge.fail(at=at)
            tx.record_bounded(
                audit.second_factor_failed(challenge.user_id, at=at, factor="totp", reason="enrolment"), account=challenge.user_id
            )


async def _enrolling(tx: Transaction, digest: bytes, clock: Clock) -> User:
    challenge = await open_challenge(tx, digest, clock=clock)
    user = await tx.users.lock(challenge.user_id)
    if user is None or not user.is_active or user.password_changed_at != challenge.password_changed_at:
        raise InvalidCredentials
    if not challenge.enrolment or user.has_second_factor:
        raise SignInOver
    return user
