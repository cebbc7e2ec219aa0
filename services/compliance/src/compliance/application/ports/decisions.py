from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from compliance.domain.decision import PolicyDecision


class DecisionRepository(Protocol):
    async def add(self, decisions: Sequence[PolicyDecision]) -> int:
        """Add those that are not stored yet, and return their number."""

    async def remove_of(self, user_id: UUID) -> int:
        """Remove all decisions about what a user asked to do, and return their number."""

    async def purge(self, before: datetime, *, limit: int) -> int:
        """Remove the oldest decisions from before a time, at most `limit`, and return their number."""
