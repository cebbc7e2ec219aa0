from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from governance.domain.access_review import AccessReview, HeldAssignment, LineOutcome, ReviewLine, SignedReport


class ListedLine(NamedTuple):
    assignment_id: UUID
    role: str
    outcome: LineOutcome


class AccessReviewRepository(Protocol):
    async def held(
        self, organization_id: UUID | None, roles: Collection[str], *, at: datetime, most: int
    ) -> Sequence[HeldAssignment]:
        """Return the assignments that are limited to an organization, or to none, without those of the default role.

        Those that are in force now or later; of these roles, or of all if there are none; in the order of role and person; at
        most `most`.
        """

    async def permitted_to(self, subject_ids: Collection[UUID], organization_id: UUID | None, *, at: datetime) -> frozenset[str]:
        """Return what these people may do, now or later, by roles for the organization, or everywhere."""

    async def running_of(self, started_by: str) -> int:
        """Count the campaigns that a person has started and that have not ended."""

    async def administrators(self, organization_id: UUID | None, *, at: datetime) -> Sequence[UUID]:
        """Return the people who run the campaigns of an organization, or of the platform. It is exact only under the guard."""

    async def managed_by(self, review_id: UUID, manager_id: UUID, numbers: Collection[int]) -> frozenset[int]:
        """Return which of these lines a person can decide as a manager: one of the start who is one now.

        It is exact only under the guard.
        """

    async def lines_of(self, review_id: UUID, subject_id: UUID) -> Sequence[ListedLine]:
        """Return the lines about a person."""

    async def subjects(self, review_id: UUID) -> Sequence[UUID]:
        """Return the people whose roles a campaign lists."""

    async def is_open_for(self, review_id: UUID, subject_id: UUID) -> bool:
        """Return whether a line about a person is open."""

    async def lock(self, review_id: UUID) -> AccessReview | None: ...

    async def share(self, review_id: UUID) -> AccessReview | None:
        """Find a campaign and keep it from closing until the transaction ends."""

    async def lock_lines(self, review_id: UUID, numbers: Collection[int]) -> Sequence[ReviewLine]:
        """Lock lines in the order of their numbers."""

    async def lines(self, review_id: UUID) -> Sequence[ReviewLine]: ...

    async def cancel_open(self, review_id: UUID) -> None:
        """Set the outcome of all open lines to cancelled."""

    async def add(self, review: AccessReview, lines: Sequence[ReviewLine]) -> None: ...

    async def held_lines(self, review_id: UUID, numbers: Collection[int], *, at: datetime) -> frozenset[int]:
        """Return the lines whose person has the role still, or again: by the assignment, or by one since the campaign started."""

    async def forget_reasons(self, subject_id: UUID) -> None:
        """Delete the texts with which lines about a person were decided."""

    async def keep_key(self, key_id: str, public_key: bytes, *, at: datetime) -> None:
        """Keep a public key for those who verify reports."""


class ReportSigner(Protocol):
    @property
    def public_key(self) -> bytes: ...

    def sign(self, statement: bytes) -> SignedReport:
        """Sign a statement in canonical JSON."""
