from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from identity.application.factors.check_code import CheckCode
from identity.application.factors.sign_in_challenges import open_challenge
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.session_rules import SessionStarter, TokenPair
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import audit
from identity.domain.errors import InvalidCredentials, SignInOver, TooManyAttempts, WrongCode
from identity.domain.proof import OTP
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.sign_in_failure import SignInFailure
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError

# The transaction that counts a wrong code also records it.
_REASONS: Final[Mapping[type[DomainError], SignInFailure]] = {
    SignInOver: SignInFailure.OVER,
    TooManyAttempts: SignInFailure.THROTTLED,
    InvalidCredentials: SignInFailure.CHANGED_MEANWHILE,
}


@dataclass(frozen=True, slots=True)
class CompleteSignIn:
    """Complete a sign-in with a code of the second factor.

    The code is used before the session starts. After a crash in between, the user must sign in again.
    """

    uow: UnitOfWork
    secrets: OneTimeSecrets
    check: CheckCode
    start: SessionStarter
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str, code: str) -> TokenPair:
        """Raise WrongCode, SignInOver (five wrong codes, five minutes, used), TooManyAttempts, or Unavailable."""
        digest = self.secrets.digest(challenge)
        try:
            waiting = await self._use_code(actor, digest, code, self.clock.now())
            return await self.start(
                actor=actor,
                user_id=waiting.user_id,
                device_id=waiting.device_id,
                methods=(*waiting.methods, OTP),
                # The time of the password. With the time of the code, RECENT would last longer by the challenge's life.
                proven_since=waiting.created_at,
                known_device=waiting.known_device,
                confirm=lambda user: _confirm_unchanged(user, waiting),
            )
        except tuple(_REASONS) as refused:
            await self._record_failure(actor, digest, _REASONS[type(refused)])
            raise

    async def _use_code(self, actor: Actor, digest: bytes, code: str, at: datetime) -> SignInChallenge:
        async with self.uow.begin(actor) as tx:
            waiting = await open_challenge(tx, digest, clock=self.clock)
            factor = await self.check(tx, waiting.user_id, code, counter=waiting.failures_counter, at=at)
            # Commit the failure in every case: an error raised within the transaction would roll it back.
            (waiting.finish if factor else waiting.fail)(at=at)
        if not factor:
            raise WrongCode
        return waiting

    async def _record_failure(self, actor: Actor, digest: bytes, reason: SignInFailure) -> None:
        async with self.uow.begin(actor) as tx:
            challenge = await tx.factors.challenges.lock(digest)
            tx.tally(audit.sign_in_stopped(challenge, digest=digest, reason=reason, at=self.clock.now()))


def _confirm_unchanged(user: User, challenge: SignInChallenge) -> None:
    # The factor may have been removed meanwhile. The session would then claim a factor that the account no longer has.
    if user.password_changed_at != challenge.password_changed_at or not user.has_second_factor:
        raise InvalidCredentials
