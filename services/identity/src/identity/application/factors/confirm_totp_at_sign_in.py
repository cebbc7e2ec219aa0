from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.application.factors import audit
from identity.application.factors.sign_in_challenges import lock_enrolling_user, open_challenge
from identity.application.factors.totp_setup import ConfirmSetup
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import WrongCode
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ConfirmTotpAtSignIn:
    """Confirm the authenticator app of a user who must have a second factor before a session starts.

    A wrong code counts among the sign-in's five. Sessions that began without the factor end.
    """

    uow: UnitOfWork
    secrets: OneTimeSecrets
    confirm_setup: ConfirmSetup
    clock: Clock

    async def __call__(self, *, actor: Actor, challenge: str, code: str) -> Sequence[str]:
        """Return new backup codes. Raise WrongCode, SignInOver or InvalidCredentials."""
        at, digest = self.clock.now(), self.secrets.digest(challenge)
        try:
            async with self.uow.begin(actor) as tx:
                user = await lock_enrolling_user(tx, digest, clock=self.clock)
                return await self.confirm_setup(tx, actor, user, code, end_other_sessions=True, at=at)
        except WrongCode:
            await self._count_failure(actor, digest, at)
            raise

    async def _count_failure(self, actor: Actor, digest: bytes, at: datetime) -> None:
        async with self.uow.begin(actor) as tx:
            challenge = await open_challenge(tx, digest, clock=self.clock)
            challenge.fail(at=at)
            failed = audit.second_factor_failed(challenge.user_id, at=at, factor="totp", reason="enrolment")
            tx.record_bounded(failed, user_id=challenge.user_id)
