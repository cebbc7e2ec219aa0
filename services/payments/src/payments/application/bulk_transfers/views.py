"""Read models of bulk transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, Self
from uuid import UUID

from kernel.objects import StoredFile
from kernel.pages import CursorPage, CursorRequest
from payments.domain.bulk import Bulk, LineStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkView:
    """The current state of a bulk. The counts are of its lines; lines that are in no count wait."""

    id: UUID
    initiator_id: UUID
    source_id: UUID
    currency: str
    mode: str
    format: str
    label: str
    lines_total: int
    amount_total: Decimal
    status: str
    settled: int
    awaiting: int
    refused: int
    not_run: int
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    progressed_at: datetime | None
    ended_at: datetime | None
    version: int
    approval_rules: Sequence[str] = ()
    expires_at: datetime | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None

    @classmethod
    def of(cls, bulk: Bulk) -> Self:
        """Return the view of a bulk that was just written."""
        return cls(**{name: getattr(bulk, name) for name in cls.__slots__})

    @property
    def waiting(self) -> int:
        return self.lines_total - self.settled - self.awaiting - self.refused - self.not_run

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def lines_per_second(self) -> float | None:
        """The speed of the run; None before the first lines have run."""
        if self.started_at is None or self.progressed_at is None:
            return None
        seconds = ((self.ended_at or self.progressed_at) - self.started_at).total_seconds()
        done = self.settled + self.awaiting + self.refused
        return round(done / seconds, 1) if done and seconds > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLineView:
    number: int
    target_id: UUID
    amount: Decimal
    currency: str
    description: str
    reference: str
    status: str
    transfer_id: UUID | None
    code: str
    message: str


class BulkViews(Protocol):
    async def bulk(self, bulk_id: UUID) -> BulkView | None: ...

    async def file(self, bulk_id: UUID) -> StoredFile | None:
        """Return the file as it was submitted; None for bulks of releases that kept none."""

    async def bulks_of(self, initiator_id: UUID, cursor: CursorRequest) -> CursorPage[BulkView]:
        """List an initiator's bulks, newest first."""

    async def bulks_awaiting_approval(self, cursor: CursorRequest) -> CursorPage[BulkView]:
        """List all users' bulks that await approval, newest first."""

    async def bulk_lines(
        self, bulk_id: UUID, cursor: CursorRequest, *, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        """List a bulk's lines in order, of some statuses or of all."""
