from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from kernel.actor import Actor
from kernel.business_time import BusinessCalendar
from kernel.pages import CursorPage, CursorRequest
from payments.application.schedules.views import ScheduleView, UpcomingRunView
from payments.application.schedules.visible_schedules import VisibleSchedules
from payments.domain.schedule import OCCURRENCES_MAX, ScheduleStatus


@dataclass(frozen=True, slots=True)
class ListUpcomingRuns:
    """List a schedule's coming occurrences, the next first, by the calendar as it is now."""

    visible: VisibleSchedules
    calendar: BusinessCalendar

    async def __call__(self, *, actor: Actor, schedule_id: UUID, cursor: CursorRequest) -> CursorPage[UpcomingRunView]:
        """Raise NotFound. A schedule that is paused or has ended has no coming occurrences."""
        schedule = await self.visible.read(actor=actor, schedule_id=schedule_id, verb="read_upcoming_runs")
        after = cursor.number(first=-1, highest=OCCURRENCES_MAX)
        first = max(schedule.next_number, after + 1)
        found = list(islice(self._upcoming(schedule, first), cursor.limit + 1))
        items = found[: cursor.limit]
        return CursorPage(items, str(items[-1].number) if len(found) > cursor.limit else None)

    def _upcoming(self, schedule: ScheduleView, first: int) -> Iterator[UpcomingRunView]:
        if schedule.status != ScheduleStatus.ACTIVE:
            return
        order = schedule.order
        for number in range(first, OCCURRENCES_MAX):
            planned, due = order.due(number), order.effective(number, self.calendar)
            if planned is None or due is None:
                return
            yield UpcomingRunView(number=number, planned_at=planned, due_at=due)
