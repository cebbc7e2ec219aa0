"""How gateways and services learn of ended sessions and changed factors."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.assurance import Factors


class Revocations(Protocol):
    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Make every gateway refuse the session's access tokens. Raise Unavailable if the list is unreachable."""

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Do the same now if possible. The event does it reliably a moment later."""

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Make services distrust the user's access tokens of earlier versions. Raise Unavailable if the list is unreachable."""

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Do the same now if possible. The event does it reliably a moment later."""
