from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.schedules.views import RunView, ScheduleViews
from payments.application.schedules.visible_schedules import VisibleSchedules


@dataclass(frozen=True, slots=True)
class ListScheduleRuns:
    """List the outcomes of a schedule's occurrences, newest first, for callers who may read the schedule."""

    visible: VisibleSchedules
    views: ScheduleViews

    async def __call__(self, *, actor: Actor, schedule_id: UUID, cursor: CursorRequest) -> CursorPage[RunView]:
        """Raise NotFound."""
        await self.visible.read(actor=actor, schedule_id=schedule_id, verb="read_runs")
        return await self.views.runs_of(schedule_id, cursor)
