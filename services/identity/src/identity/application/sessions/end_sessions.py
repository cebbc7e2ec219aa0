"""Ending every session of a user, for whoever changes what the sessions rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit
from identity.domain.session import EndReason, Session

# An access token may be issued for no longer (settings refuse it), so none is left after that.
ACCESS_TOKEN_LIFE_MAX: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class EndSessions:
    """End all sessions of a user, or all but one, after a change of credentials or status."""

    revocations: Revocations

    async def __call__(
        self, tx: Transaction, user_id: UUID, reason: EndReason, *, at: datetime, except_session: UUID | None = None
    ) -> int:
        ended = await end_all(tx, user_id, reason, at, except_session=except_session)
        tx.after_commit(lambda: revoke_all(self.revocations, ended, at=at))
        return len(ended)


async def end_all(
    tx: Transaction,
    user_id: UUID,
    reason: EndReason,
    at: datetime,
    *,
    except_session: UUID | None = None,
    access_token_life: timedelta = ACCESS_TOKEN_LIFE_MAX,
) -> Sequence[Session]:
    """End a user's live sessions in the caller's transaction and return them: revoke each after the commit."""
    # The user first, then sessions in id order, or two transactions that end the same ones deadlock.
    await tx.users.lock(user_id)
    ended = [session for session in await tx.sessions.lock_all_live(user_id) if session.id != except_session]
    for session in ended:
        before = audit.session_state(session)
        session.end(reason, at=at, access_token_life=access_token_life)
        tx.record_bounded(audit.session_ended(session, before=before, at=at), account=user_id)
    return ended


async def revoke_all(revocations: Revocations, ended: Sequence[Session], *, at: datetime) -> None:
    """Let gateways refuse the tokens of sessions that were ended, now that it is committed."""
    for session in ended:
        await revocations.try_add(session.id, ended_at=at)
