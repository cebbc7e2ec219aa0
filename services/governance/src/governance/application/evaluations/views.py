from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class KnownSubject:
    """A person that governance knows: their roles everywhere, and whether they are able to act."""

    roles: frozenset[str]
    is_able: bool


class SubjectViews(Protocol):
    async def known(self, subject_ids: Collection[UUID]) -> Mapping[UUID, KnownSubject]:
        """Return those of the people that governance knows."""
