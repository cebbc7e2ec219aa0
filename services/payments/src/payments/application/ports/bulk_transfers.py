"""Ports of bulk transfers: file formats, the repository, and the refresh of the rules in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.bulk import Bulk, Chunk
from payments.domain.bulk_file import BulkLine, RawFile

# Per payer. A payer who has reached it waits for one to end.
BULKS_OPEN_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDefaults:
    """Request parameters for file formats that cannot contain them. `today` is the date in Namibia."""

    today: date
    source: str = ""
    currency: str = ""
    mode: str = ""
    dry_run: bool = False


class Reader(Protocol):
    def __call__(self, body: bytes, given: FileDefaults, /) -> RawFile:
        """Parse a file of one format. Raise InvalidValues with the place of each fault."""


class BulkRepository(Protocol):
    async def find_by_key(self, initiator_id: UUID, key: str) -> Bulk | None:
        """Serialise the initiator's requests and find an earlier bulk: of two with one key, the second sees the first's."""

    async def count_open(self, initiator_id: UUID) -> int:
        """Count the initiator's bulks that have not ended."""

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        """Return the initiator's bulks that have not ended, in the order of their ids."""

    async def add(self, bulk: Bulk, chunks: Sequence[Chunk], actor: Actor) -> None:
        """Write a bulk and its lines, and queue the job that runs it, unless it waits for an approval."""

    async def lock(self, bulk_id: UUID) -> tuple[Bulk, Actor] | None:
        """Lock a bulk. Return it with the actor for whom it runs, without roles: current roles are looked up when it runs."""

    async def lines(self, bulk_id: UUID) -> Sequence[BulkLine]:
        """Return every line, in the order of the file."""

    async def waiting(self, bulk_id: UUID, *, limit: int | None) -> Sequence[Chunk]:
        """Return the first chunks that have not run, or all of them."""

    async def save(self, bulk: Bulk, chunks: Sequence[Chunk] = ()) -> None:
        """Write the state of a locked bulk and the outcomes of chunks."""

    async def pays(self, bulk_id: UUID, owner_id: UUID) -> bool:
        """Return whether a line of the bulk pays a wallet of this owner."""

    async def has_files(self, initiator_id: UUID) -> bool:
        """Return whether files are kept that this person submitted."""

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        """Return bulks whose time for a decision has passed, the longest overdue first."""

    async def left_behind(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        """Return bulks that may run but have made no progress since `before`."""

    async def queue(self, bulk_id: UUID) -> None:
        """Queue the job that runs a bulk, unless it is queued already."""


class RuleRefresher(Protocol):
    async def refresh(self) -> None:
        """Refresh prices, limits and approval rules that are older than some seconds."""
