from dataclasses import dataclass

from compliance.application.queries import ComplianceQueries
from compliance.domain.entry import LoggedEntry
from kernel.errors import NotFound

TRAIL_ENTRIES_MAX = 500


@dataclass(frozen=True, slots=True)
class ReadTrail:
    """Everything about a resource and about those it concerns, across all services, in the log's order.

    Of the resource's own kind only its own entries are in it: the trail of a transfer tells who the payer is and how she
    signed in, not what else she paid.
    """

    queries: ComplianceQueries

    async def __call__(self, resource_id: str) -> list[LoggedEntry]:
        own = await self.queries.about({resource_id}, not_of_type=None, limit=TRAIL_ENTRIES_MAX)
        about = [entry for entry in own if entry.entry.resource_id == resource_id]
        if not about:
            raise NotFound(resource_id=resource_id)
        parties = {subject for logged in about for subject in logged.entry.subject_ids} - {resource_id}
        around = await self.queries.about(parties, not_of_type=about[0].entry.resource_type, limit=TRAIL_ENTRIES_MAX)
        return sorted({entry.sequence: entry for entry in (*own, *around)}.values(), key=lambda entry: entry.sequence)
