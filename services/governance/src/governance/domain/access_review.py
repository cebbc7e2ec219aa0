"""Access reviews: people who are concerned confirm who has which role, by a deadline; what nobody confirms is withdrawn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Self
from uuid import UUID

from governance.domain.errors import LateAdministrator, LineDecided, OwnAccess, ReviewClosed
from governance.domain.limits import Limits
from kernel.canonical_json import instant_text
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.ids import new_id

TITLE_LENGTH_MAX: Final = 120
ROLES_MAX: Final = 50
# A report with so many lines has four megabytes.
LINES_MAX: Final = 10_000
# Of one person, so that nobody can use up what others need.
RUNNING_MAX: Final = 10
# Long enough to be seen by those who are asked, and short enough to be remembered.
DURATION_MIN: Final = timedelta(days=1)
DURATION_MAX: Final = timedelta(days=180)
# People are reminded before the deadline, unless they were asked just before.
REMINDED_BEFORE: Final = timedelta(days=3)
REMINDED_AFTER: Final = timedelta(days=1)
STATEMENT_TYPE: Final = "elcorp-access-review-v1"


class ReviewStatus(StrEnum):
    RUNNING = "running"
    # Its deadline has come, or all lines are decided; open lines are being withdrawn.
    CLOSING = "closing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class LineOutcome(StrEnum):
    """`UNCONFIRMED`: nobody kept it, so it was withdrawn at the deadline. `ENDED`: the person did not have it any more then.

    `RETAINED`: nobody kept it, but withdrawing it would leave nobody who can manage roles, policies or the organization.
    `CANCELLED`: it was open when the campaign was cancelled, and stays as it is.
    """

    OPEN = "open"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    UNCONFIRMED = "unconfirmed"
    ENDED = "ended"
    RETAINED = "retained"
    CANCELLED = "cancelled"


class Capacity(StrEnum):
    """As what a line was decided: as the person's manager, as an administrator, or by the deadline."""

    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    DEADLINE = "deadline"


class HeldAssignment(NamedTuple):
    """An assignment as a campaign finds it when it starts, with the managers of the person."""

    assignment_id: UUID
    subject_id: UUID
    role: str
    limits: Limits
    granted_by: str
    granted_at: datetime
    managers: tuple[UUID, ...]


class Decider(NamedTuple):
    by: str
    capacity: Capacity
    at: datetime
    reason: str | None


class SignedReport(NamedTuple):
    """`statement` is canonical JSON, `digest` its SHA-256 in hexadecimal, `signature` base64 (Ed25519)."""

    statement: str
    digest: str
    key_id: str
    signature: str


@dataclass(eq=False, kw_only=True)
class ReviewLine:
    """One assignment under review: that a person has a role, for an organization or a team of it.

    It is decided once, but what is kept can be withdrawn until the campaign closes.
    """

    review_id: UUID
    number: int
    assignment_id: UUID
    subject_id: UUID
    role: str
    organization_id: UUID | None
    team_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    granted_by: str
    granted_at: datetime
    managers: tuple[UUID, ...]
    outcome: LineOutcome = LineOutcome.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None
    capacity: Capacity | None = None
    reason: str | None = None

    @classmethod
    def of(cls, review_id: UUID, number: int, held: HeldAssignment) -> Self:
        return cls(
            review_id=review_id,
            number=number,
            assignment_id=held.assignment_id,
            subject_id=held.subject_id,
            role=held.role,
            organization_id=held.limits.organization_id,
            team_id=held.limits.team_id,
            starts_at=held.limits.starts_at,
            ends_at=held.limits.ends_at,
            granted_by=held.granted_by,
            granted_at=held.granted_at,
            managers=held.managers,
        )

    def require_decidable(self) -> None:
        """Raise LineDecided if it was withdrawn or has ended."""
        if self.outcome not in {LineOutcome.OPEN, LineOutcome.KEPT}:
            raise LineDecided(field="lines", line=self.number, outcome=self.outcome)

    def is_confirmed_for(self, capacity: Capacity) -> bool:
        """Return whether it is kept, so that keeping it changes nothing. A manager confirms what an administrator kept."""
        return self.outcome is LineOutcome.KEPT and (self.capacity, capacity) != (Capacity.ADMINISTRATOR, Capacity.MANAGER)

    def require_other(self, by: str) -> None:
        """Raise OwnAccess: nobody decides about their own access."""
        if by == str(self.subject_id):
            raise OwnAccess(field="lines", line=self.number)

    def decide(self, outcome: LineOutcome, decider: Decider) -> None:
        """Set the outcome. Raise OwnAccess."""
        self.require_other(decider.by)
        self.outcome = outcome
        self.decided_by, self.capacity, self.decided_at, self.reason = decider

    def statement(self) -> Mapping[str, object]:
        """Return the line as the signed report has it; reasons are texts about people, and stay out of it."""
        return {
            "number": self.number,
            "assignment_id": str(self.assignment_id),
            "subject_id": str(self.subject_id),
            "role": self.role,
            "team_id": str(self.team_id) if self.team_id else None,
            "starts_at": instant_text(self.starts_at) if self.starts_at else None,
            "ends_at": instant_text(self.ends_at) if self.ends_at else None,
            "granted_by": self.granted_by,
            "granted_at": instant_text(self.granted_at),
            "outcome": self.outcome.value,
            "decided_by": self.decided_by,
            "decided_at": instant_text(self.decided_at) if self.decided_at else None,
            "capacity": self.capacity.value if self.capacity else None,
        }


@dataclass(eq=False, kw_only=True)
class AccessReview(Aggregate):
    """A campaign over the roles limited to an organization, or, without one, over the roles limited to none.

    `roles` are those under review, or empty for all but the default role, which everybody has. `administrators` are the people
    who could run it at its start.
    """

    id: UUID
    title: str
    organization_id: UUID | None
    roles: tuple[str, ...]
    reason: str
    deadline: datetime
    started_by: str
    started_at: datetime
    administrators: tuple[UUID, ...]
    line_count: int
    status: ReviewStatus = ReviewStatus.RUNNING
    asked_at: datetime | None = None
    reminded_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    statement: str | None = None
    digest: str | None = None
    key_id: str | None = None
    signature: str | None = None

    @classmethod
    def start(
        cls,
        held: Sequence[HeldAssignment],
        *,
        title: str,
        organization_id: UUID | None,
        roles: Sequence[str],
        reason: str,
        deadline: datetime,
        administrators: Sequence[UUID],
        by: str,
        at: datetime,
    ) -> tuple[Self, Sequence[ReviewLine]]:
        """Return the campaign and its lines, in the order of `held`. Raise InvalidValue."""
        if not at + DURATION_MIN <= deadline <= at + DURATION_MAX:
            expected = f"{DURATION_MIN.days} to {DURATION_MAX.days} days from now"
            raise InvalidValue(field="deadline", expected=expected, given=deadline.isoformat())
        if not held:
            raise InvalidValue(field="roles", expected="roles that people have here")
        if len(held) > LINES_MAX:
            raise InvalidValue(field="roles", expected=f"roles with at most {LINES_MAX} assignments in all")
        review = cls(
            id=new_id(),
            title=title,
            organization_id=organization_id,
            roles=tuple(sorted(set(roles))),
            reason=reason,
            deadline=deadline,
            started_by=by,
            started_at=at,
            administrators=tuple(administrators),
            line_count=len(held),
        )
        return review, [ReviewLine.of(review.id, number, each) for number, each in enumerate(held, start=1)]

    @property
    def is_running(self) -> bool:
        return self.status is ReviewStatus.RUNNING

    @property
    def is_open(self) -> bool:
        return self.status in {ReviewStatus.RUNNING, ReviewStatus.CLOSING}

    def require_administrator_of_start(self, subject_id: UUID) -> None:
        """Raise LateAdministrator: nobody becomes one to decide about the person who has made them one."""
        if subject_id not in self.administrators:
            raise LateAdministrator(review_id=self.id)

    def require_running(self, at: datetime) -> None:
        """Raise ReviewClosed if it has ended, or its deadline has come."""
        if not self.is_running or at >= self.deadline:
            status = ReviewStatus.CLOSING if self.is_running else self.status
            raise ReviewClosed(review_id=self.id, status=status)

    def close(self) -> None:
        """Take no more decisions."""
        self.status = ReviewStatus.CLOSING

    def ask(self, *, at: datetime) -> None:
        """Record that those who decide were asked."""
        self.asked_at = at

    def remind(self, *, at: datetime) -> None:
        self.reminded_at = at

    def cancel(self, *, reason: str, at: datetime) -> None:
        """End it without withdrawing what is open."""
        self.status, self.ended_at, self.end_reason = ReviewStatus.CANCELLED, at, reason

    def complete(self, report: SignedReport, *, at: datetime) -> None:
        self.status, self.ended_at = ReviewStatus.COMPLETED, at
        self.statement, self.digest, self.key_id, self.signature = report

    @property
    def counts(self) -> Mapping[str, int] | None:
        """Return the lines by outcome as the report has them, None before there is one."""
        return json.loads(self.statement)["counts"] if self.statement else None

    def result(self, lines: Sequence[ReviewLine], *, at: datetime) -> Mapping[str, object]:
        """Return the statement of the report: what was asked, and the outcome of each line."""
        return {
            "type": STATEMENT_TYPE,
            "review_id": str(self.id),
            "title": self.title,
            "organization_id": str(self.organization_id) if self.organization_id else None,
            "roles": list(self.roles),
            "reason": self.reason,
            "started_by": self.started_by,
            "started_at": instant_text(self.started_at),
            "deadline": instant_text(self.deadline),
            "completed_at": instant_text(at),
            "counts": counted(lines),
            "lines": [line.statement() for line in lines],
        }


def counted(lines: Sequence[ReviewLine]) -> Mapping[str, int]:
    """Count lines by outcome; outcomes that no line has are 0."""
    found = dict.fromkeys((outcome.value for outcome in LineOutcome), 0)
    for line in lines:
        found[line.outcome.value] += 1
    return found
