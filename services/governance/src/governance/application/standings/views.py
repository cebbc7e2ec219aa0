from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StandingView:
    """`recorded_at` is None where nothing was recorded: then the subject counts as able to act."""

    subject_id: UUID
    is_able: bool
    recorded_at: datetime | None


class StandingViews(Protocol):
    async def standings_beyond_default(self, *, after: UUID, limit: int) -> Sequence[StandingView]:
        """Read, in order of id, the subjects that hold another role than the default one."""
