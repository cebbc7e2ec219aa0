from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.application.schedules import audit
from payments.application.schedules.views import RunView, ScheduleQueries, ScheduleView


@dataclass(frozen=True, slots=True)
class ReadSchedules:
    """Schedules, for those who planned them and with `transfer:read_any`; to others there is none."""

    queries: ScheduleQueries
    permissions: Permissions
    reads: Reads

    async def schedule(self, *, actor: Actor, schedule_id: UUID, verb: str = "read") -> ScheduleView:
        """Raise NotFound. Reading another's is recorded; `verb` says what was read."""
        found = await self.queries.schedule(schedule_id)
        if not found or (found.initiator_id != actor.user_id and not self.permissions.allows(actor, READ_ANY_TRANSFER)):
            raise NotFound(schedule_id=schedule_id)
        if found.initiator_id != actor.user_id:
            await self.reads.record(actor, audit.read(found, verb))
        return found

    async def own(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[ScheduleView]:
        return await self.queries.schedules_of(actor.user_id, cursor)

    async def runs(self, *, actor: Actor, schedule_id: UUID, cursor: CursorRequest) -> CursorPage[RunView]:
        await self.schedule(actor=actor, schedule_id=schedule_id, verb="read_runs")
        return await self.queries.runs_of(schedule_id, cursor)
