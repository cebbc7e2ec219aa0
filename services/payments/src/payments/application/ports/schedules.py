"""Port of schedules to their store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.schedule import Run, Schedule

# Per payer, not ended.
SCHEDULES_OPEN_MAX: Final = 100


class ScheduleRepository(Protocol):
    async def find_by_key(self, initiator_id: UUID, key: str) -> Schedule | None:
        """Serialise the initiator's requests, and find an earlier schedule by its key."""

    async def count_open(self, initiator_id: UUID) -> int: ...

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        """Return the initiator's schedules that have not ended."""

    async def add(self, schedule: Schedule, actor: Actor) -> None: ...

    async def lock(self, schedule_ids: Sequence[UUID]) -> Sequence[Schedule]:
        """Lock schedules in id order. Missing schedules are left out."""

    async def due(self, at: datetime, *, limit: int) -> Sequence[tuple[Schedule, Actor]]:
        """Return active schedules with a due occurrence, the longest due first, with the actors for whom they run.

        The actors have no roles: current roles are looked up when the schedules run.
        """

    async def unaligned(self, edition: str, *, after: UUID, limit: int) -> Sequence[UUID]:
        """Return open schedules above an id, in id order, whose next occurrence was computed with another edition."""

    async def save(self, schedules: Sequence[Schedule], runs: Sequence[tuple[UUID, Run]] = ()) -> None:
        """Write the state of locked schedules, and the outcomes of their occurrences."""
