from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.schedules.views import ScheduleView, ScheduleViews


@dataclass(frozen=True, slots=True)
class ListSchedules:
    """List the schedules of the caller or the caller's organization, newest first."""

    views: ScheduleViews

    async def __call__(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[ScheduleView]:
        return await self.views.schedules_of(actor.acts_for, cursor)
