from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import EndSession
from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit
from identity.application.sessions.end_session import ACCESS_TOKEN_LIFE_MAX
from identity.domain.session import EndReason, Session


@dataclass(frozen=True, slots=True)
class EndSessions:
    """End all sessions of a user after a change of a credential, except the one that made the change."""

    end_session: EndSession

    async def __call__(
        self, tx: Transaction, user_id: UUID, reason: EndReason, *, at: datetime, except_session: UUID | None = None
    ) -> int:
        # The user first, then sessions in id order, or two transactions that end the same ones deadlock.
        await tx.users.lock(user_id)
        ended = [session for session in await tx.sessions.lock_all_live(user_id) if session.id != except_session]
        for session in ended:
            self.end_session(tx, session, reason, at=at)
        return len(ended)


async def end_all(
    tx: Transaction, user_id: UUID, reason: EndReason, at: datetime, *, except_session: UUID | None = None
) -> Sequence[Session]:
    """End sessions without a revocation, which the caller adds after the commit. New callers use `EndSessions`."""
    await tx.users.lock(user_id)
    ended = [session for session in await tx.sessions.lock_all_live(user_id) if session.id != except_session]
    for session in ended:
        with tx.change_bounded(audit.SESSION, session, "end", at=at, reason=reason.value, account=user_id):
            session.end(reason, at=at, access_token_life=ACCESS_TOKEN_LIFE_MAX)
    return ended


async def revoke_all(revocations: Revocations, ended: Sequence[Session], *, at: datetime) -> None:
    """Revoke the tokens of sessions that `end_all` ended."""
    for session in ended:
        await revocations.try_add(session.id, ended_at=at)
