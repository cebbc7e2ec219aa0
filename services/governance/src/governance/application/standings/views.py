from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StandingView:
    """`recorded_at` is None if nothing is recorded. The subject then counts as able to act."""

    subject_id: UUID
    is_able: bool
    recorded_at: datetime | None


class StandingViews(Protocol):
    async def standings_beyond_default(self, *, after: UUID, limit: int) -> Sequence[StandingView]:
        """Read the subjects that have a role other than the default role, ordered by id."""
