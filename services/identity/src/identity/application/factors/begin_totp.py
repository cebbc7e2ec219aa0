from dataclasses import dataclass

from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.factors.totp_setup import NewTotp, begin_setup
from identity.application.ports.factors import TotpCodes
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class BeginTotp:
    """Begin to set up the caller's authenticator app."""

    uow: UnitOfWork
    codes: TotpCodes
    clock: Clock

    async def __call__(self, *, actor: Actor) -> NewTotp:
        """Raise StepUpRequired, or FactorExists when an app is set up already."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            return await begin_setup(tx, self.codes, user, at=at)
