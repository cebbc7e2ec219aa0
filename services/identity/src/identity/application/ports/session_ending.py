"""How other nouns end a user's sessions."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.domain.session import EndReason


class SessionEnding(Protocol):
    async def __call__(
        self, tx: Transaction, user_id: UUID, reason: EndReason, *, at: datetime, except_session: UUID | None = None
    ) -> int:
        """End a user's live sessions in the caller's transaction. Return how many were ended.

        Gateways refuse their access tokens once the transaction is committed.
        """
