from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit
from identity.domain.session import EndReason, Session

# The settings allow no longer life, so every access token has expired after this time.
ACCESS_TOKEN_LIFE_MAX: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class EndSession:
    """End a locked session in the caller's transaction. Gateways refuse its access tokens after the commit."""

    revocations: Revocations
    access_token_life: timedelta = ACCESS_TOKEN_LIFE_MAX

    def __call__(self, tx: Transaction, session: Session, reason: EndReason, *, at: datetime) -> None:
        with tx.change_bounded(audit.SESSION, session, "end", at=at, reason=reason.value, user_id=session.user_id):
            session.end(reason, at=at, access_token_life=self.access_token_life)
        tx.after_commit(partial(self.revocations.try_add, session.id, ended_at=at))
