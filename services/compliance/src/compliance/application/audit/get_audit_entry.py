from dataclasses import dataclass
from uuid import UUID

from compliance.application.audit.people import people_in
from compliance.application.audit.reads_of_the_log import read_of_entry
from compliance.application.audit.views import AuditViews
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetAuditEntry:
    """Get one entry. Reading an entry about another user's action is recorded."""

    views: AuditViews
    reads: Reads

    async def __call__(self, *, actor: Actor, place: int | UUID) -> LoggedEntry:
        """Raise NotFound."""
        logged = await self.views.entry(place)
        if logged is None:
            raise NotFound(entry=place)
        if logged.entry.actor.subject_id != actor.subject_id:
            people = await people_in(self.views, [logged], but=actor)
            await self.reads.record(actor, read_of_entry(logged, people, verb="read"))
        return logged
