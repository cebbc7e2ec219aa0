from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.schedules import audit
from payments.application.schedules.locked_schedule import lock_own_schedule
from payments.domain.schedule import Schedule


@dataclass(frozen=True, slots=True)
class PauseSchedule:
    """Make no transfers until the schedule is resumed. Only the user who planned it may."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, schedule_id: UUID) -> Schedule:
        """Raise NotFound, or ScheduleEnded when it is not active."""
        async with self.uow.begin(actor) as tx:
            schedule, at = await lock_own_schedule(tx, schedule_id, actor), self.clock.now()
            with tx.change(audit.SCHEDULE, schedule, "pause", at=at):
                schedule.pause(at)
            await tx.schedules.save([schedule])
            return schedule
