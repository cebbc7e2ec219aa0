from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.session_rules import SessionEnder
from identity.application.ports.unit_of_work import Transaction
from identity.domain.session import EndReason


@dataclass(frozen=True, slots=True)
class EndSessions:
    """End all sessions of a user after a change of a credential, except the one that made the change."""

    end_session: SessionEnder

    async def __call__(
        self, tx: Transaction, user_id: UUID, reason: EndReason, *, at: datetime, except_session: UUID | None = None
    ) -> int:
        # Lock the user first, then sessions in id order, or two transactions that end the same sessions deadlock.
        await tx.users.lock(user_id)
        ended = [session for session in await tx.sessions.lock_all_live(user_id) if session.id != except_session]
        for session in ended:
            self.end_session(tx, session, reason, at=at)
        return len(ended)
