from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from payments.application.schedules.views import ScheduleView
from payments.application.schedules.visible_schedules import VisibleSchedules


@dataclass(frozen=True, slots=True)
class GetSchedule:
    visible: VisibleSchedules

    async def __call__(self, *, actor: Actor, schedule_id: UUID) -> ScheduleView:
        """Raise NotFound. Reading another user's schedule is recorded."""
        return await self.visible.read(actor=actor, schedule_id=schedule_id, verb="read")
