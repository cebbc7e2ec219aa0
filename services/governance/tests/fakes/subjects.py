"""Subjects in memory. The fake passes the suite of the adapter (contract/test_subjects.py)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from governance.domain.errors import UnknownSubject
from kernel.errors import Unavailable


@dataclass
class FakeSubjects:
    """Active and suspended subjects. With `away`, identity does not answer."""

    active: set[UUID] = field(default_factory=set)
    suspended: set[UUID] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def is_active(self, subject_id: UUID) -> bool:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="identity")
        if subject_id not in self.active | self.suspended:
            raise UnknownSubject(field="subject_id", subject_id=subject_id)
        return subject_id in self.active

    async def active_of(self, subject_ids: Collection[UUID]) -> frozenset[UUID]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="identity")
        return frozenset(self.active.intersection(subject_ids))
