from collections.abc import Collection
from typing import Protocol
from uuid import UUID


class Subjects(Protocol):
    """What identity knows of subjects."""

    async def is_active(self, subject_id: UUID) -> bool:
        """Tell whether a subject may act; raises UnknownSubject, or Unavailable when identity does not answer."""

    async def active_of(self, subject_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those, of at most 500, who may act; raises Unavailable when identity does not answer."""
