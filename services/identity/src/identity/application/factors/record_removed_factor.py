from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.factors import audit
from identity.application.factors.outdated_tokens import outdate_tokens
from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import ProofWithdrawer, UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class RecordRemovedFactor:
    """Do what follows the removal of a second factor. With a user's last factor, their backup codes are removed too.

    Other sessions end if asked to (ASVS 7.4.3). In sessions that continue, the factor is withdrawn from the proofs; sessions
    without another proof end.
    """

    end_sessions: UserSessionsEnder
    withdraw_proofs: ProofWithdrawer
    revocations: Revocations

    async def __call__(
        self,
        tx: Transaction,
        actor: Actor,
        user: User,
        factor: str,
        *,
        end_other_sessions: bool,
        at: datetime,
        passkey_id: UUID | None = None,
    ) -> None:
        """`passkey_id` is the removed passkey; without it, codes were removed."""
        ended = 0
        if end_other_sessions:
            ended = await self.end_sessions(tx, user.id, EndReason.FACTOR_CHANGED, at=at, except_session=actor.session_id)
        is_last = not await _has_factor(tx, user.id)
        if is_last:
            await tx.factors.backup_codes.replace(user.id, (), at=at)
        user.lose_factor(last=is_last, at=at)
        ended += await self.withdraw_proofs(tx, user.id, codes=is_last or passkey_id is None, passkey_id=passkey_id, at=at)
        tx.record(audit.factor_removed(user.id, factor, sessions_ended=ended, at=at))
        await tx.messages.send(user.id, Template.FACTOR_REMOVED, factor=factor)
        outdate_tokens(tx, self.revocations, user, at=at)


async def _has_factor(tx: Transaction, user_id: UUID) -> bool:
    totp = await tx.factors.totps.lock(user_id)
    return bool(totp and totp[0].is_confirmed) or bool(await tx.factors.passkeys.of(user_id))
