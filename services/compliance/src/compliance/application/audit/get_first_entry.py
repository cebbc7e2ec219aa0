from dataclasses import dataclass

from compliance.application.audit.get_audit_trail import TRAIL_ENTRIES_MAX
from compliance.application.audit.views import AuditViews
from compliance.domain.entry import LoggedEntry
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetFirstEntry:
    """Get the entry of a resource's creation, for services that show its hash."""

    views: AuditViews

    async def __call__(self, *, resource_id: str) -> LoggedEntry:
        """Raise NotFound until the log has one."""
        own = await self.views.of_resource(resource_id, limit=TRAIL_ENTRIES_MAX)
        if not own:
            raise NotFound(resource_id=resource_id)
        return min(own, key=lambda logged: logged.sequence)
