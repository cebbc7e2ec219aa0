from collections.abc import Sequence
from dataclasses import dataclass

from identity.application.factors import audit
from identity.application.factors.second_factor import end_others, lock_to_change
from identity.application.ports.factors import BackupCodeMaker
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions.end_sessions import revoke_all
from identity.domain.message import Template
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RenewBackupCodes:
    """Make ten new backup codes, told once; the ones before are void."""

    uow: UnitOfWork
    backup: BackupCodeMaker
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, end_other_sessions: bool = True) -> Sequence[str]:
        """Raise StepUpRequired, or NotFound for a user without a second factor to back up."""
        at, fresh = self.clock.now(), self.backup.make()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            if not user.has_second_factor:
                raise NotFound(user_id=user.id)
            await tx.factors.backup_codes.replace(user.id, [self.backup.digest(user.id, each) for each in fresh], at=at)
            ended = await end_others(tx, actor, user, wanted=end_other_sessions, at=at)
            tx.record(audit.backup_codes_renewed(user.id, len(fresh), sessions_ended=len(ended), at=at))
            await tx.messages.send(user.id, Template.BACKUP_CODES_RENEWED)
        await revoke_all(self.revocations, ended, at=at)
        return fresh
