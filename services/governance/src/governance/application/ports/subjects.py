from collections.abc import Collection
from typing import Protocol
from uuid import UUID


class Subjects(Protocol):
    """Queries to identity about subjects."""

    async def is_active(self, subject_id: UUID) -> bool:
        """Return whether a subject may act. Raise UnknownSubject, or Unavailable if identity does not answer."""

    async def active_of(self, subject_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return which of at most 500 subjects may act. Raise Unavailable if identity does not answer."""
