from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from compliance.domain.completeness import FlawKind
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Node
from kernel.pages import CursorPage, CursorRequest


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """All given parts must match. `related_to` also matches the other subjects of an entry."""

    actor_id: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    action: str | None = None
    producer: str | None = None
    organization_id: UUID | None = None
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
    """`is_complete` is False if there may be older entries that were not read."""

    entries: list[LoggedEntry]
    is_complete: bool


class AuditViews(Protocol):
    async def entries(self, wanted: EntryFilter, cursor: CursorRequest) -> CursorPage[LoggedEntry]: ...

    async def has_more_than(self, entries_max: int, wanted: EntryFilter) -> bool: ...

    async def entry(self, place: int | UUID) -> LoggedEntry | None:
        """Find an entry by its sequence, or by the id of its fact."""

    async def of_resource(self, resource_id: str, *, limit: int) -> list[LoggedEntry]:
        """Return the newest entries about changes of the resource itself, oldest first."""

    async def about(self, subject_ids: Collection[str], *, but_not_of: Collection[str], limit: int) -> RelatedEntries:
        """Read the newest `limit` entries of each subject, and return the newest `limit` of these, oldest first.

        Skip the resource types `but_not_of`. The cost does not depend on the number of a subject's entries.
        """

    async def people(self, ids: Collection[str]) -> frozenset[str]:
        """Return which ids are of users: identity's entries are about them."""

    async def latest_checkpoint(self) -> CheckpointView | None: ...

    async def checkpoint_of(self, size: int) -> CheckpointView | None: ...

    async def nodes(self, wanted: Collection[Node]) -> Mapping[Node, bytes]:
        """Compute the hashes of complete subtrees from the nearest stored nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerView:
    """A producer's journal: `missing` and `others` count the open findings."""

    producer: str
    number: int
    last_number: int
    unsent: int
    created_at: datetime
    reached_at: datetime | None
    reconciled_at: datetime | None
    missing: int
    others: int


@dataclass(frozen=True, slots=True)
class MissingFactFilter:
    producer: str | None = None
    is_open: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFactView:
    """A finding of completeness. `unsent`: the messages that the producer had not sent when it was found."""

    id: int
    producer: str
    kind: FlawKind
    number: int
    fact_id: UUID | None
    digest: bytes | None
    unsent: int
    found_at: datetime
    resolved_at: datetime | None


class CompletenessViews(Protocol):
    async def producers(self) -> Sequence[ProducerView]: ...

    async def missing_facts(self, wanted: MissingFactFilter, cursor: CursorRequest) -> CursorPage[MissingFactView]:
        """Return findings, newest first."""
