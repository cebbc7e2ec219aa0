"""How gateways and services learn that sessions ended and factors changed."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.assurance import Factors


class Revocations(Protocol):
    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Let every gateway refuse the session's access tokens; raises Unavailable when the list cannot be reached."""

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Do the same now if that is possible; the event does it for certain a moment later."""

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Let the user's access tokens of earlier versions prove nothing; raises Unavailable when the list cannot be reached."""

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Do the same now if that is possible; the event does it for certain a moment later."""
