from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from governance.domain.access_review import Capacity, LineOutcome, ReviewStatus
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    """How far a campaign is. `counts` has the number of lines by outcome.

    `without_manager` counts the open lines that only an administrator can decide; it is None in a list of campaigns.
    `open_for_you` counts those that the reader can decide as a manager; `concerns_you` is whether the reader can decide a line
    as a manager, or has decided one and still belongs there.
    """

    counts: Mapping[str, int]
    without_manager: int | None
    open_for_you: int
    concerns_you: bool


@dataclass(frozen=True, slots=True)
class AccessReviewView:
    id: UUID
    title: str
    organization_id: UUID | None
    roles: tuple[str, ...]
    reason: str
    deadline: datetime
    started_by: str
    started_at: datetime
    line_count: int
    status: ReviewStatus
    ended_at: datetime | None
    end_reason: str | None
    digest: str | None
    progress: ReviewProgress


@dataclass(frozen=True, slots=True)
class ReviewLineView:
    """A line with the managers who can decide it now, and why the role was granted.

    Title and description of the role are those of today.
    """

    number: int
    assignment_id: UUID
    subject_id: UUID
    role: str
    role_title: str
    role_description: str
    organization_id: UUID | None
    team_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    granted_by: str
    granted_at: datetime
    grant_reason: str | None
    managers: tuple[UUID, ...]
    outcome: LineOutcome
    decided_by: str | None
    decided_at: datetime | None
    capacity: Capacity | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """All that are given must match. `manager_id`: lines that this person can decide as a manager now.

    `is_unmanaged`: lines that only an administrator can decide.
    """

    outcome: LineOutcome | None = None
    role: str | None = None
    subject_id: UUID | None = None
    manager_id: UUID | None = None
    is_unmanaged: bool = False


@dataclass(frozen=True, slots=True)
class SignedReportView:
    review_id: UUID
    statement: str
    digest: str
    key_id: str
    signature: str


@dataclass(frozen=True, slots=True)
class ReviewKeyView:
    """A public key (Ed25519, 32 bytes) that verifies reports."""

    id: str
    public_key: bytes
    created_at: datetime


class AskedPerson(NamedTuple):
    subject_id: UUID
    open_lines: int


class Scheduled(NamedTuple):
    """A campaign for which there is something to do."""

    review_id: UUID
    organization_id: UUID | None


class AccessReviewViews(Protocol):
    async def review(self, review_id: UUID, *, reader_id: UUID) -> AccessReviewView | None: ...

    async def reviews(
        self,
        page: PageRequest,
        *,
        reader_id: UUID,
        sees_all: bool,
        administered: Collection[UUID],
        status: ReviewStatus | None,
        organization_id: UUID | None,
    ) -> Page[AccessReviewView]:
        """Page through campaigns, newest first: all, or those of some organizations and those that concern the reader."""

    async def review_lines(self, review_id: UUID, cursor: CursorRequest, wanted: LineFilter) -> CursorPage[ReviewLineView]: ...

    async def subjects(self, review_id: UUID) -> Sequence[UUID]:
        """Return the people whose roles a campaign lists."""

    async def report(self, review_id: UUID) -> SignedReportView | None: ...

    async def keys(self) -> Sequence[ReviewKeyView]: ...


class ReviewSchedule(Protocol):
    """What the job is to do about campaigns."""

    async def to_close(self, at: datetime) -> Sequence[Scheduled]:
        """Return the campaigns whose deadline has come, or that began to close.

        Also those where nothing is left to decide: the managers were asked, nobody has a role that is open, and no administrator
        has kept one in place of a manager, who may disagree.
        """

    async def to_ask(self) -> Sequence[Scheduled]:
        """Return the running campaigns whose managers were not asked yet."""

    async def to_remind(self, *, deadline_before: datetime, asked_before: datetime) -> Sequence[Scheduled]:
        """Return the running campaigns that end soon, and whose managers were asked some time ago and not reminded."""

    async def open_lines(self, review_id: UUID, *, limit: int) -> Sequence[int]:
        """Return the numbers of some open lines, the latest grants first: the last administrator is then the one of longest."""

    async def managers_asked(self, review_id: UUID) -> Sequence[AskedPerson]:
        """Return the managers with lines to decide, in the order of their ids: open, or kept by an administrator."""

    async def administrators_asked(self, review_id: UUID, organization_id: UUID) -> Sequence[AskedPerson]:
        """Return the able members who manage an organization, and did at the start, with the open lines without a manager.

        At most 100. Lines about themselves do not count.
        """

    async def without_administrator(self, review_id: UUID, organization_id: UUID | None) -> int:
        """Count the open lines that only managers of roles can decide: no manager, and nobody else runs the organization."""
