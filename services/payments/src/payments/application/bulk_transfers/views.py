"""Read models of bulk transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol, Self
from uuid import UUID

from kernel.long_work import Progress, WorkState
from kernel.objects import StoredFile
from kernel.pages import CursorPage, CursorRequest
from payments.domain.bulk import Bulk, BulkStatus, LineStatus

_STATES: Final = {
    BulkStatus.PENDING_APPROVAL: WorkState.QUEUED,
    BulkStatus.ACCEPTED: WorkState.QUEUED,
    BulkStatus.RUNNING: WorkState.RUNNING,
    BulkStatus.CANCELLING: WorkState.CANCELLING,
    BulkStatus.COMPLETED: WorkState.SUCCEEDED,
    BulkStatus.PARTLY_COMPLETED: WorkState.SUCCEEDED,
    BulkStatus.FAILED: WorkState.FAILED,
    BulkStatus.CANCELLED: WorkState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkView:
    """The current state of a bulk. The counts are of its lines; lines that are in no count wait."""

    id: UUID
    initiator_id: UUID
    organization_id: UUID | None
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

    @property
    def payer_id(self) -> UUID:
        """The owner of the source: the organization that the initiator acted for, or the initiator."""
        return self.organization_id or self.initiator_id

    @classmethod
    def of(cls, bulk: Bulk) -> Self:
        """Return the view of a bulk that was just written."""
        return cls(**{name: getattr(bulk, name) for name in cls.__slots__})

    @property
    def waiting(self) -> int:
        return self.lines_total - self.settled - self.awaiting - self.refused - self.not_run

    @property
    def progress(self) -> Progress:
        return Progress.measure(
            state=_STATES[BulkStatus(self.status)],
            done=self.lines_total - self.waiting,
            total=self.lines_total,
            since=self.started_at,
            until=self.progressed_at and (self.ended_at or self.progressed_at),
            uncounted=self.not_run,
        )

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def lines_per_second(self) -> float | None:
        """The speed of the run; None before the first lines have run."""
        return self.progress.rate


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

    async def bulks_of(self, payer_id: UUID, cursor: CursorRequest) -> CursorPage[BulkView]:
        """List an initiator's bulks, newest first."""

    async def bulks_awaiting_approval(self, cursor: CursorRequest, *, organization_id: UUID | None) -> CursorPage[BulkView]:
        """List all users' bulks that await approval, or those that an organization pays, newest first."""

    async def bulk_lines(
        self, bulk_id: UUID, cursor: CursorRequest, *, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        """List a bulk's lines in order, of some statuses or of all."""
