"""A bulk transfer: an accepted file and the progress of its lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from kernel.errors import KeyReused
from kernel.events import Aggregate
from kernel.objects import StoredFile
from payments.domain.bulk_file import BulkFile, BulkLine, BulkMode
from payments.domain.errors import BulkEnded, NotPending, OwnDecision
from payments.domain.events import BulkChanged, BulkCompleted
from payments.domain.transfer_order import EXPIRED, Signature, TransferKind, TransferOrder


class BulkStatus(StrEnum):
    """`completed`: every line is settled. `partly_completed`: some are. `failed`: none is, or the file was rejected."""

    # No money is on hold. Once approved, the whole file runs; otherwise nothing of it does.
    PENDING_APPROVAL = "pending_approval"
    ACCEPTED = "accepted"
    RUNNING = "running"
    # The bulk is to stop; the lines in progress finish and are counted.
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    PARTLY_COMPLETED = "partly_completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in _OPEN

    @property
    def may_run(self) -> bool:
        """Whether a worker may run it now."""
        return self.is_open and self is not BulkStatus.PENDING_APPROVAL


_OPEN: Final = frozenset({BulkStatus.PENDING_APPROVAL, BulkStatus.ACCEPTED, BulkStatus.RUNNING, BulkStatus.CANCELLING})


class LineStatus(StrEnum):
    """`not_run`: the bulk was cancelled, rejected or refused as a whole before the line ran."""

    WAITING = "waiting"
    SETTLED = "settled"
    # Only in files that an earlier release ran, in which a single line could wait for an approval.
    AWAITING_APPROVAL = "awaiting_approval"
    REFUSED = "refused"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOutcome:
    """The outcome of a line. `code` and `message` are the error that refused it, the same as for a single transfer."""

    number: int
    status: LineStatus
    transfer_id: UUID | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Lines that are run together. Once they have run, `outcomes` has their outcomes in the same order."""

    number: int
    lines: Sequence[BulkLine]
    outcomes: Sequence[LineOutcome] | None = None


@dataclass(eq=False, kw_only=True)
class Bulk(Aggregate):
    """`settled`, `awaiting`, `refused` and `not_run` count the finished lines; the others wait."""

    id: UUID
    initiator_id: UUID
    key: str
    request_hash: bytes
    source_id: UUID
    currency: str
    mode: BulkMode
    format: str
    label: str
    lines_total: int
    amount_total: Decimal
    created_at: datetime
    status: BulkStatus = BulkStatus.ACCEPTED
    settled: int = 0
    awaiting: int = 0
    refused: int = 0
    not_run: int = 0
    reason: str | None = None
    started_at: datetime | None = None
    progressed_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 1
    signature: Signature | None = None
    approval_rules: tuple[str, ...] = ()
    expires_at: datetime | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    # The file as submitted; its media type is `format`. Bulks of earlier releases have none.
    file_digest: str | None = None
    file_size: int | None = None
    file_name: str | None = None
    organization_id: UUID | None = None

    @classmethod
    def accept(
        cls,
        file: BulkFile,
        *,
        bulk_id: UUID,
        initiator_id: UUID,
        key: str,
        request_hash: bytes,
        format_: str,
        at: datetime,
        submitted: StoredFile | None = None,
        signature: Signature | None = None,
        organization_id: UUID | None = None,
    ) -> Self:
        bulk = cls(
            id=bulk_id,
            initiator_id=initiator_id,
            key=key,
            request_hash=request_hash,
            source_id=file.source_id,
            currency=file.currency,
            mode=file.mode,
            format=format_,
            label=file.label,
            lines_total=len(file.lines),
            amount_total=file.total.amount,
            created_at=at,
            signature=signature,
            file_digest=submitted.digest if submitted else None,
            file_size=submitted.size if submitted else None,
            file_name=submitted.name if submitted else None,
            organization_id=organization_id,
        )
        bulk._announce_changed(at)
        return bulk

    def await_approval(self, rules: Sequence[str], *, at: datetime, expires_at: datetime) -> None:
        """Wait until `expires_at` for an approval of the whole file, which these rules require."""
        if self.status is not BulkStatus.ACCEPTED or self.decided_by:
            raise ValueError(f"bulk {self.id} is {self.status}")
        self.status, self.approval_rules, self.expires_at = BulkStatus.PENDING_APPROVAL, tuple(rules), expires_at
        self.collect()
        self._announce_changed(at)

    def hold_back(self, rules: Sequence[str], *, at: datetime, expires_at: datetime) -> None:
        """Wait for an approval that was not required when the file was accepted but is now. No line has run yet."""
        if self.status is not BulkStatus.RUNNING or self.decided_by or self.done:
            raise ValueError(f"bulk {self.id} is {self.status}")
        self.status, self.approval_rules, self.expires_at = BulkStatus.PENDING_APPROVAL, tuple(rules), expires_at
        self.version += 1
        self._announce_changed(at)

    def approve(self, *, by: UUID, pays_decider: bool, at: datetime, decided_at: datetime | None = None) -> None:
        """Approve the file. Raise OwnDecision for the submitter and for users whom it pays, or NotPending.

        `decided_at` is when it was decided, if that was earlier.
        """
        self._decide(by, at, decided_at, pays_decider=pays_decider)
        self.status, self.version = BulkStatus.ACCEPTED, self.version + 1
        self._announce_changed(at)

    def reject(self, *, by: UUID, pays_decider: bool, reason: str, at: datetime, decided_at: datetime | None = None) -> None:
        """Reject the whole file. Raise OwnDecision for the submitter and for users whom it pays, or NotPending."""
        self._decide(by, at, decided_at, pays_decider=pays_decider)
        self._fail(reason, at)

    def is_overdue(self, at: datetime) -> bool:
        """Return whether its time for a decision has passed."""
        return self.status is BulkStatus.PENDING_APPROVAL and self.expires_at is not None and at >= self.expires_at

    def expire(self, *, at: datetime) -> None:
        """End a file whose time for a decision has passed; before that, raise NotPending."""
        if not self.is_overdue(at):
            raise NotPending(bulk_id=self.id, status=self.status)
        self._fail(EXPIRED, at)

    @property
    def payer_id(self) -> UUID:
        """The owner of the source: the organization that the initiator acted for, or the initiator."""
        return self.organization_id or self.initiator_id

    @property
    def done(self) -> int:
        return self.settled + self.awaiting + self.refused + self.not_run

    @property
    def is_whole(self) -> bool:
        return self.mode is BulkMode.ALL_OR_NOTHING

    def confirm_replay(self, request_hash: bytes, *, organization_id: UUID | None = None) -> Self:
        """Return this bulk to a repeated request. Raise KeyReused if the key was reused for another file or payer."""
        if (self.request_hash, self.organization_id) != (request_hash, organization_id):
            raise KeyReused(bulk_id=self.id)
        return self.as_accepted()

    def as_accepted(self) -> Self:
        """Return the bulk as it was when submitted, regardless of its current state: the response to that request."""
        waited = bool(self.approval_rules) and not self._was_held_back
        return replace(
            self,
            status=BulkStatus.PENDING_APPROVAL if waited else BulkStatus.ACCEPTED,
            approval_rules=self.approval_rules if waited else (),
            expires_at=self.expires_at if waited else None,
            settled=0,
            awaiting=0,
            refused=0,
            not_run=0,
            reason=None,
            started_at=None,
            progressed_at=None,
            ended_at=None,
            decided_by=None,
            decided_at=None,
            version=1,
        )

    def order(self, line: BulkLine) -> TransferOrder:
        """Make the order of a line. Its key is always the same, so that a line that runs several times is settled once."""
        return TransferOrder(
            kind=TransferKind.TRANSFER,
            key=f"bulk:{self.id}:{line.number}",
            initiator_id=self.initiator_id,
            organization_id=self.organization_id,
            source_id=self.source_id,
            target_id=line.target_id,
            amount=line.amount,
            description=line.description,
            reference=line.reference,
            link_id=self.id,
        )

    def start(self, at: datetime) -> None:
        """Start, or continue after a crash."""
        self._require_running()
        if self.status is BulkStatus.ACCEPTED:
            self.status = BulkStatus.RUNNING
            self._announce_changed(at)
        self.started_at = self.started_at or at
        self.progressed_at, self.version = at, self.version + 1

    def count(self, outcomes: Iterable[LineOutcome], at: datetime) -> None:
        """Count lines that have run. End the bulk after the last."""
        self._require_running()
        for outcome in outcomes:
            match outcome.status:
                case LineStatus.SETTLED:
                    self.settled += 1
                case LineStatus.AWAITING_APPROVAL:
                    self.awaiting += 1
                case LineStatus.REFUSED:
                    self.refused += 1
                case LineStatus.NOT_RUN:
                    self.not_run += 1
                case LineStatus.WAITING:
                    raise ValueError(f"line {outcome.number} has not run")
        self.progressed_at, self.version = at, self.version + 1
        if self.done > self.lines_total:
            raise ValueError(f"bulk {self.id} has {self.lines_total} lines, not {self.done}")
        if self.done == self.lines_total:
            self._end(self._result(), at)

    def cancel(self, reason: str, at: datetime) -> None:
        """Stop the bulk; settled lines stay settled. Raise BulkEnded if it has ended."""
        if not self.status.is_open or self.status is BulkStatus.CANCELLING:
            raise BulkEnded(bulk_id=self.id, status=self.status)
        self.reason, self.version = reason, self.version + 1
        if self.status in {BulkStatus.ACCEPTED, BulkStatus.PENDING_APPROVAL}:
            self._cancelled(at)
        else:
            self.status = BulkStatus.CANCELLING
            self._announce_changed(at)

    def stop(self, at: datetime) -> None:
        """End a bulk that is being cancelled, once the lines in progress are counted."""
        if self.status is not BulkStatus.CANCELLING:
            raise ValueError(f"bulk {self.id} is {self.status}")
        self._cancelled(at)

    @property
    def _was_held_back(self) -> bool:
        """Whether the approval became required only when the bulk was about to run: it had started before the decision."""
        return self.started_at is not None and (self.decided_at is None or self.started_at < self.decided_at)

    def _decide(self, by: UUID, at: datetime, decided_at: datetime | None, *, pays_decider: bool) -> None:
        if self.status is not BulkStatus.PENDING_APPROVAL or self.is_overdue(at):
            raise NotPending(bulk_id=self.id, status=self.status)
        if by == self.initiator_id or pays_decider:
            raise OwnDecision(bulk_id=self.id)
        self.decided_by, self.decided_at = by, decided_at or at

    def _fail(self, reason: str, at: datetime) -> None:
        self.reason, self.not_run = reason, self.lines_total
        self._end(BulkStatus.FAILED, at)

    def _cancelled(self, at: datetime) -> None:
        self.not_run = self.lines_total - (self.settled + self.awaiting + self.refused)
        self._end(BulkStatus.CANCELLED, at)

    def _result(self) -> BulkStatus:
        good = self.settled + self.awaiting
        if good == self.lines_total:
            return BulkStatus.COMPLETED
        return BulkStatus.PARTLY_COMPLETED if good else BulkStatus.FAILED

    def _end(self, status: BulkStatus, at: datetime) -> None:
        self.status, self.ended_at, self.version = status, at, self.version + 1
        self.announce(
            BulkCompleted(
                occurred_at=at,
                bulk_id=self.id,
                initiator_id=self.initiator_id,
                status=status,
                lines=self.lines_total,
                settled=self.settled,
                awaiting=self.awaiting,
                refused=self.refused,
                not_run=self.not_run,
            )
        )

    def _announce_changed(self, at: datetime) -> None:
        self.announce(BulkChanged(occurred_at=at, bulk_id=self.id, initiator_id=self.initiator_id, status=self.status))

    def _require_running(self) -> None:
        if not self.status.may_run:
            raise BulkEnded(bulk_id=self.id, status=self.status)
