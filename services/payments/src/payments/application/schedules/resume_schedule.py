from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.business_time import BusinessCalendar
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.schedules import audit
from payments.application.schedules.locked_schedule import lock_own_schedule
from payments.domain.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ResumeSchedule:
    """Resume a paused schedule at its next future occurrence. Only the user who planned it may."""

    uow: UnitOfWork
    calendar: BusinessCalendar
    clock: Clock

    async def __call__(self, *, actor: Actor, schedule_id: UUID) -> Schedule:
        """Raise NotFound, or ScheduleEnded when it is not paused."""
        async with self.uow.begin(actor) as tx:
            schedule, at = await lock_own_schedule(tx, schedule_id, actor), self.clock.now()
            with tx.change(audit.SCHEDULE, schedule, "resume", at=at):
                schedule.resume(at, self.calendar)
            await tx.schedules.save([schedule])
            return schedule
