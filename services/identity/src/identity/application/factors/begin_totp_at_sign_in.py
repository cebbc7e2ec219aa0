from dataclasses import dataclass

from identity.application.factors.sign_in_challenges import lock_enrolling_user
from identity.application.factors.totp_setup import NewTotp, begin_setup
from identity.application.ports.factors import TotpCodes
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class BeginTotpAtSignIn:
    """Begin to set up an authenticator app for a user who must have a second factor before a session starts."""

    uow: UnitOfWork
    secrets: OneTimeSecrets
    codes: TotpCodes
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str) -> NewTotp:
        """Raise SignInOver, InvalidCredentials or FactorExists."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_enrolling_user(tx, self.secrets.digest(challenge), clock=self.clock)
            return await begin_setup(tx, self.codes, user, at=at)
