from dataclasses import dataclass

from identity.application.factors.second_factor import CODE_METHODS, CodeCheck
from identity.application.ports.factors import OneTimeSecrets
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions.start_session import StartSession
from identity.application.sessions.token_pair import TokenPair
from identity.domain.errors import InvalidCredentials, SignInOver, WrongCode
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class CompleteSignIn:
    """Show the second factor of a sign-in. The code is spent before the session starts: killed between, begin again."""

    uow: UnitOfWork
    secrets: OneTimeSecrets
    check: CodeCheck
    start: StartSession
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str, code: str) -> TokenPair:
        """Raise WrongCode, SignInOver (five wrong codes, five minutes, used), TooManyAttempts, or Unavailable."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            waiting = await open_challenge(tx, self.secrets.digest(challenge), clock=self.clock)
            shown = await self.check(tx, waiting.user_id, code, at=at)
            # Kept whatever comes of it: what is raised within the transaction would forgive the failure.
            (waiting.finish if shown else waiting.fail)(at=at)
        if not shown:
            raise WrongCode
        return await self.start(
            actor=actor,
            user_id=waiting.user_id,
            device_id=waiting.device_id,
            methods=(*waiting.methods, *CODE_METHODS),
            confirm=lambda user: _confirm(user, waiting),
        )


async def open_challenge(tx: Transaction, digest: bytes, *, clock: Clock) -> SignInChallenge:
    """Find a sign-in that still waits and lock it; raises SignInOver."""
    challenge = await tx.factors.challenges.lock(digest)
    # The clock is read under the lock: it may have taken a while.
    if challenge is None or not challenge.is_open(at=clock.now()):
        raise SignInOver
    return challenge


def _confirm(user: User, challenge: SignInChallenge) -> None:
    if user.password_changed_at != challenge.password_changed_at:
        raise InvalidCredentials
