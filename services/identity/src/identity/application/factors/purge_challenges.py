from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.factors import audit
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.recovery_request import TRIGGER_COUNTS_FOR
from kernel.actor import Actor
from kernel.clock import Clock

# Links are counted for an hour; older ones have no use.
KEPT_FOR: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class PurgeChallenges:
    """Delete unfinished sign-ins, passkey challenges and reset links some time after their end, and used proofs at their end.

    Delete the records of who required a password reset, after the time in which these persons cannot decide on a recovery. Delete
    addresses that have no unrecorded attempts.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            dropped = await tx.factors.purge(at - KEPT_FOR) + await tx.password_resets.purge(at - KEPT_FOR)
            dropped += await tx.email_undos.purge(at - KEPT_FOR)
            dropped += await tx.device_keys.purge_proofs(at=at)
            dropped += await tx.password_resets.purge_required(at - TRIGGER_COUNTS_FOR)
            await tx.attempt_counts.purge(at - KEPT_FOR)
            # A DELETE of no rows is a write too, and a write requires a fact.
            tx.record(audit.challenges_purged(dropped, at=at))
        return dropped
