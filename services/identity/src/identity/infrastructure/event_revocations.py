"""Ended sessions and changed factors in a process without Redis: the events record them a moment later."""

from datetime import datetime
from uuid import UUID

from kernel.assurance import Factors
from kernel.errors import Unavailable


class EventRevocations:
    """For jobs: nobody waits for their effect on tokens."""

    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        raise Unavailable(session_id=session_id, ended_at=ended_at)

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Do nothing: `identity.session.ended` follows from the outbox."""

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        raise Unavailable(user_id=user_id, version=factors.version, changed_at=changed_at)

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Do nothing: `identity.user.factors_changed` follows from the outbox."""
