from collections.abc import Sequence
from dataclasses import dataclass

from identity.application.factors import audit
from identity.application.factors.recent_proof import lock_with_recent_proof
from identity.application.ports.factors import BackupCodeMaker
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.message import Template
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RenewBackupCodes:
    """Create ten new backup codes and return them once. The previous ones become invalid."""

    uow: UnitOfWork
    backup: BackupCodeMaker
    end_sessions: UserSessionsEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, end_other_sessions: bool = True) -> Sequence[str]:
        """Raise StepUpRequired, or NotFound for a user without a second factor to back up."""
        at, fresh, ended = self.clock.now(), self.backup.make(), 0
        async with self.uow.begin(actor) as tx:
            user = await lock_with_recent_proof(tx, actor, at=at)
            if not user.has_second_factor:
                raise NotFound(user_id=user.id)
            await tx.factors.backup_codes.replace(user.id, [self.backup.digest(user.id, each) for each in fresh], at=at)
            if end_other_sessions:
                ended = await self.end_sessions(tx, user.id, EndReason.FACTOR_CHANGED, at=at, except_session=actor.session_id)
            tx.record(audit.backup_codes_renewed(user.id, len(fresh), sessions_ended=ended, at=at))
            await tx.messages.send(user.id, Template.BACKUP_CODES_RENEWED)
        return fresh
