"""What schedules need of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.schedule import Run, Schedule

# Of one payer, under way at once.
SCHEDULES_OPEN_MAX: Final = 100


class Schedules(Protocol):
    async def find_by_key(self, initiator_id: UUID, key: str) -> Schedule | None:
        """Let the initiator's requests take turns, and find an earlier schedule by its key."""

    async def count_open(self, initiator_id: UUID) -> int: ...

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        """Return the initiator's schedules that have not ended."""

    async def add(self, schedule: Schedule, actor: Actor) -> None: ...

    async def lock(self, schedule_ids: Sequence[UUID]) -> Sequence[Schedule]:
        """Lock schedules, in the order of their ids; absent ones are left out."""

    async def due(self, at: datetime, *, limit: int) -> Sequence[tuple[Schedule, Actor]]:
        """Return active schedules of which an occurrence is due, the longest first, and on whose behalf they run.

        The actors have no roles, which are those of the moment.
        """

    async def save(self, schedules: Sequence[Schedule], runs: Sequence[tuple[UUID, Run]] = ()) -> None:
        """Write how locked schedules stand, and what became of their occurrences."""
