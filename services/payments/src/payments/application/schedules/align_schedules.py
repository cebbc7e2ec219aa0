from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.business_time import BusinessCalendar
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.schedules.aligned_schedules import align

BATCH: Final = 200
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class AlignSchedules:
    """Move occurrences that have not run, after days were declared closed or open.

    Without a new edition of the calendar, nothing is written.
    """

    uow: UnitOfWork
    calendar: BusinessCalendar
    clock: Clock

    async def __call__(self) -> int:
        """Return how many moved."""
        moved, last = 0, _FIRST
        # In the order of ids, so that two processes with other calendars cannot keep each other busy.
        while True:
            # Where the day stays, only the edition is written.
            async with self.uow.begin(Actor.service("payments"), audited=False) as tx:
                found = await tx.schedules.unaligned(self.calendar.edition, after=last, limit=BATCH)
                if not found:
                    return moved
                moved, last = moved + await align(tx, found, self.calendar, self.clock.now()), found[-1]
