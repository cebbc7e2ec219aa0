from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.access_review import AccessReview, HeldAssignment, ReviewLine, SignedReport


class AccessReviewRepository(Protocol):
    async def held(self, organization_id: UUID | None, roles: Collection[str], *, most: int) -> Sequence[HeldAssignment]:
        """Return the assignments that are limited to an organization, or to none, without those of the default role.

        Of these roles, or of all if there are none. In the order of role and person, at most `most`.
        """

    async def permitted_to(self, subject_ids: Collection[UUID], organization_id: UUID | None, *, at: datetime) -> frozenset[str]:
        """Return what these people may do, now or later, by roles for the organization, or everywhere."""

    async def open_elsewhere(self, assignment_ids: Collection[UUID]) -> UUID | None:
        """Return a campaign in which one of these assignments is open."""

    async def lock(self, review_id: UUID) -> AccessReview | None: ...

    async def share(self, review_id: UUID) -> AccessReview | None:
        """Find a campaign and keep it from closing until the transaction ends."""

    async def lock_lines(self, review_id: UUID, numbers: Collection[int]) -> Sequence[ReviewLine]:
        """Lock lines in the order of their numbers."""

    async def lines(self, review_id: UUID) -> Sequence[ReviewLine]: ...

    async def cancel_open(self, review_id: UUID) -> None:
        """Set the outcome of all open lines to cancelled."""

    async def add(self, review: AccessReview, lines: Sequence[ReviewLine]) -> None: ...

    async def existing(self, assignment_ids: Collection[UUID]) -> Collection[UUID]:
        """Return which of these assignments have not ended."""

    async def forget_reasons(self, subject_id: UUID) -> None:
        """Delete the texts with which lines about a person were decided."""

    async def keep_key(self, key_id: str, public_key: bytes, *, at: datetime) -> None:
        """Keep a public key for those who verify reports."""


class ReportSigner(Protocol):
    @property
    def public_key(self) -> bytes: ...

    def sign(self, statement: bytes) -> SignedReport:
        """Sign a statement in canonical JSON."""
