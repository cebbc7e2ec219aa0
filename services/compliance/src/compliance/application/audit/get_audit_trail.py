from dataclasses import dataclass

from compliance.application.audit.people import people_in
from compliance.application.audit.reads_of_the_log import read_of_trail
from compliance.application.audit.views import AuditViews
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import READ, Reads, ReasonRequired, read_of

# The limit of each kind: entries of the resource, entries that name it, entries about its parties.
TRAIL_ENTRIES_MAX = 500
TRAIL_PARTIES_MAX = 100
# The limit of reads of the resource, which may be many.
TRAIL_READS_MAX = 100


@dataclass(frozen=True, slots=True)
class Trail:
    """`is_complete` is False if older entries were left out."""

    entries: list[LoggedEntry]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class GetAuditTrail:
    """Get all entries about a resource and its parties, across all services, in the log's order.

    Other resources of the same kind are left out: the trail of a transfer shows who the payer is and how they signed in, but not
    their other payments. A long history is cut to the newest entries; the list of entries has all of them. The trail includes
    reads of the resource, but not reads of the parties.
    """

    views: AuditViews
    reads: Reads

    async def __call__(self, *, actor: Actor, resource_id: str, reason: str | None = None) -> Trail:
        """Read the trail and record the read. Raise NotFound if no entry is about the resource, or ReasonRequired.

        A reason is not required if the trail is about the caller and no other user; the trail of the caller's own id is not even
        recorded. Trails of wallets and sessions count too, because they contain all that their owner did. The record names the
        users whom the trail is about, so that the read is found under each of them.
        """
        own = await self.views.of_resource(resource_id, limit=TRAIL_ENTRIES_MAX)
        if not own:
            raise NotFound(resource_id=resource_id)
        if resource_id == actor.subject_id:
            return await self._trail(resource_id, own)
        # The resource's own entries suffice to refuse most requests.
        if reason is None and not any(actor.subject_id in logged.entry.subject_ids for logged in own):
            raise ReasonRequired
        trail = await self._trail(resource_id, own)
        people = await people_in(self.views, trail.entries, but=actor)
        if reason is None and people:
            raise ReasonRequired
        await self.reads.record(actor, read_of_trail(resource_id, people, reason=reason))
        return trail

    async def _trail(self, resource_id: str, own: list[LoggedEntry]) -> Trail:
        naming = await self.views.about([resource_id], but_not_of={READ}, limit=TRAIL_ENTRIES_MAX)
        reads = await self.views.of_resource(read_of(resource_id), limit=TRAIL_READS_MAX)
        # The parties of the newest entries first, each once.
        parties = dict.fromkeys(subject for logged in reversed(own) for subject in sorted(logged.entry.subject_ids))
        parties.pop(resource_id, None)
        around = await self.views.about(
            list(parties)[:TRAIL_PARTIES_MAX],
            but_not_of={READ, *(logged.entry.resource_type for logged in own)},
            limit=TRAIL_ENTRIES_MAX,
        )
        found = {entry.sequence: entry for entry in (*own, *naming.entries, *reads, *around.entries)}
        is_whole = len(own) < TRAIL_ENTRIES_MAX and len(parties) <= TRAIL_PARTIES_MAX and len(reads) < TRAIL_READS_MAX
        is_complete = is_whole and naming.is_complete and around.is_complete
        return Trail([found[sequence] for sequence in sorted(found)], is_complete)
