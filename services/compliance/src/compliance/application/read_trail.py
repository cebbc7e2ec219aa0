from dataclasses import dataclass

from compliance.application.queries import ComplianceQueries
from compliance.domain.entry import LoggedEntry
from kernel.errors import NotFound

# Of each: entries of the resource, entries that name it, entries about those whom it concerns, and such parties.
TRAIL_ENTRIES_MAX = 500
TRAIL_PARTIES_MAX = 100


@dataclass(frozen=True, slots=True)
class Trail:
    """`is_complete` is False when something older was left out."""

    entries: list[LoggedEntry]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class ReadTrail:
    """Everything about a resource and about those it concerns, across all services, in the log's order.

    Of the resource's own kinds only its own entries are in it: the trail of a transfer tells who the payer is and how she
    signed in, not what else she paid. Of very long histories it has the newest; the list of entries has them all.
    """

    queries: ComplianceQueries

    async def __call__(self, resource_id: str) -> Trail:
        """Read the trail; raises NotFound for what no entry is of."""
        own = await self.queries.of_resource(resource_id, limit=TRAIL_ENTRIES_MAX)
        if not own:
            raise NotFound(resource_id=resource_id)
        naming = await self.queries.about([resource_id], but_not_of=(), limit=TRAIL_ENTRIES_MAX)
        # The newest entries' parties first, each once.
        parties = dict.fromkeys(subject for logged in reversed(own) for subject in sorted(logged.entry.subject_ids))
        parties.pop(resource_id, None)
        around = await self.queries.about(
            list(parties)[:TRAIL_PARTIES_MAX],
            but_not_of={logged.entry.resource_type for logged in own},
            limit=TRAIL_ENTRIES_MAX,
        )
        found = {entry.sequence: entry for entry in (*own, *naming.entries, *around.entries)}
        is_whole = len(own) < TRAIL_ENTRIES_MAX and len(parties) <= TRAIL_PARTIES_MAX
        is_complete = is_whole and naming.is_complete and around.is_complete
        return Trail([found[sequence] for sequence in sorted(found)], is_complete)


@dataclass(frozen=True, slots=True)
class FindFirstEntry:
    """Find the entry of a resource's making, for a service that shows its hash."""

    queries: ComplianceQueries

    async def __call__(self, resource_id: str) -> LoggedEntry:
        """Raise NotFound while there is none."""
        own = await self.queries.of_resource(resource_id, limit=TRAIL_ENTRIES_MAX)
        if not own:
            raise NotFound(resource_id=resource_id)
        return min(own, key=lambda logged: logged.sequence)
