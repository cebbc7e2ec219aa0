from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Node
from kernel.pages import CursorPage, CursorRequest


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Every given part must hold. `related_to` also finds an entry by the other subjects that it concerns."""

    actor_id: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    action: str | None = None
    producer: str | None = None
    related_to: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class CheckpointView:
    size: int
    root_hash: bytes
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class RelatedEntries:
    """`is_complete` is False when there may be older entries that were not looked at."""

    entries: list[LoggedEntry]
    is_complete: bool


class AuditViews(Protocol):
    async def entries(self, wanted: EntryFilter, cursor: CursorRequest) -> CursorPage[LoggedEntry]: ...

    async def entry(self, place: int | UUID) -> LoggedEntry | None:
        """Find an entry by its sequence, or by the id of its fact."""

    async def of_resource(self, resource_id: str, *, limit: int) -> list[LoggedEntry]:
        """Return the newest entries of changes to the resource itself, oldest first."""

    async def about(self, subject_ids: Collection[str], *, but_not_of: Collection[str], limit: int) -> RelatedEntries:
        """Look at the newest `limit` entries of each subject, and give the newest of these, at most `limit`, oldest first.

        Leave out the resource types `but_not_of`. The cost does not grow with the number of a subject's entries.
        """

    async def people(self, ids: Collection[str]) -> frozenset[str]:
        """Tell which of these are ids of users: identity's entries are about them."""

    async def latest_checkpoint(self) -> CheckpointView | None: ...

    async def checkpoint_of(self, size: int) -> CheckpointView | None: ...

    async def nodes(self, wanted: Collection[Node]) -> Mapping[Node, bytes]:
        """Compute the hashes of complete subtrees from the nearest that are stored."""
