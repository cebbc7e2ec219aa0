from dataclasses import dataclass
from datetime import datetime

from identity.application.factors import audit
from identity.application.factors.outdated_tokens import outdate_tokens
from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class RecordAddedFactor:
    """Do what follows a new second factor: end other sessions if asked to (ASVS 7.4.3), record it, and notify the user."""

    end_sessions: UserSessionsEnder
    revocations: Revocations

    async def __call__(
        self, tx: Transaction, actor: Actor, user: User, factor: str, *, end_other_sessions: bool, at: datetime
    ) -> None:
        ended = 0
        if end_other_sessions:
            ended = await self.end_sessions(tx, user.id, EndReason.FACTOR_CHANGED, at=at, except_session=actor.session_id)
        user.gain_factor(at=at)
        tx.record(audit.factor_added(user.id, factor, sessions_ended=ended, at=at))
        await tx.messages.send(user.id, Template.FACTOR_ADDED, factor=factor)
        outdate_tokens(tx, self.revocations, user, at=at)
