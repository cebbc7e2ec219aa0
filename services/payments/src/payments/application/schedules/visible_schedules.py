"""Which schedules a caller may see. For the others, NotFound is raised."""

from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.application.schedules import audit
from payments.application.schedules.views import ScheduleView, ScheduleViews


@dataclass(frozen=True, slots=True)
class VisibleSchedules:
    """Its payer may see a schedule, and callers with `transfer:read_any`."""

    views: ScheduleViews
    permissions: Permissions
    reads: Reads

    async def read(self, *, actor: Actor, schedule_id: UUID, verb: str) -> ScheduleView:
        """Read it, and record the read of another user's; `verb` names what was read. Raise NotFound."""
        found = await self.views.schedule(schedule_id)
        if not found or (
            found.payer_id != actor.acts_for
            and not self.permissions.allows_within(actor, READ_ANY_TRANSFER, found.organization_id)
        ):
            raise NotFound(schedule_id=schedule_id)
        if found.payer_id != actor.acts_for:
            await self.reads.record(actor, audit.read(found, verb))
        return found
