from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.schedules import audit
from payments.domain.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ChangeSchedule:
    """Pause, resume and cancel; only whoever planned it may, and to everybody else there is none (NotFound)."""

    uow: UnitOfWork
    clock: Clock

    async def pause(self, *, actor: Actor, schedule_id: UUID) -> Schedule:
        """Raise ScheduleEnded when it is not active."""
        return await self._change(actor, schedule_id, "pause", lambda schedule, at: schedule.pause(at))

    async def resume(self, *, actor: Actor, schedule_id: UUID) -> Schedule:
        """Go on with the next occurrence to come; raises ScheduleEnded when it is not paused."""
        return await self._change(actor, schedule_id, "resume", lambda schedule, at: schedule.resume(at))

    async def cancel(self, *, actor: Actor, schedule_id: UUID, reason: str) -> Schedule:
        """Raise ScheduleEnded when there is nothing left to cancel."""
        return await self._change(actor, schedule_id, "cancel", lambda schedule, at: schedule.cancel(at), reason)

    async def _change(
        self,
        actor: Actor,
        schedule_id: UUID,
        verb: str,
        act: Callable[[Schedule, datetime], None],
        reason: str | None = None,
    ) -> Schedule:
        async with self.uow.begin(actor) as tx:
            found = await tx.schedules.lock([schedule_id])
            if not found or found[0].initiator_id != actor.user_id:
                raise NotFound(schedule_id=schedule_id)
            [schedule] = found
            before, at = audit.state(schedule), self.clock.now()
            act(schedule, at)
            await tx.schedules.save([schedule])
            tx.record(audit.changed(schedule, verb, before=before, at=at, reason=reason))
            for event in schedule.collect():
                tx.announce(event)
            return schedule
