from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.session_rules import SessionEnder
from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit
from identity.domain.session import EndReason


@dataclass(frozen=True, slots=True)
class WithdrawProofs:
    """Remove codes, or a passkey, from the proofs of a user's live sessions. End sessions that have no proof left."""

    end_session: SessionEnder

    async def __call__(self, tx: Transaction, user_id: UUID, *, codes: bool, passkey_id: UUID | None, at: datetime) -> int:
        """Return how many sessions ended."""
        ended = 0
        for session in await tx.sessions.lock_all_live(user_id):
            before = audit.SESSION.state(session)
            holds = session.withdraw_codes() if codes else True
            if not (holds and (passkey_id is None or session.withdraw_passkey(passkey_id))):
                self.end_session(tx, session, EndReason.FACTOR_CHANGED, at=at)
                ended += 1
            elif audit.SESSION.state(session) != before:
                tx.record_bounded(audit.proof_withdrawn(session, before=before, at=at), user_id=user_id)
        return ended
