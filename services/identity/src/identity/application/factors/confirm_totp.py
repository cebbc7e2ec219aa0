from collections.abc import Sequence
from dataclasses import dataclass

from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.factors.totp_setup import ConfirmSetup
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ConfirmTotp:
    """Confirm the caller's authenticator app with a code, which is then used."""

    uow: UnitOfWork
    confirm_setup: ConfirmSetup
    clock: Clock

    async def __call__(self, *, actor: Actor, code: str, end_other_sessions: bool = True) -> Sequence[str]:
        """Return new backup codes. Raise StepUpRequired, or WrongCode, also if no app waits for confirmation."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            return await self.confirm_setup(tx, actor, user, code, end_other_sessions=end_other_sessions, at=at)
