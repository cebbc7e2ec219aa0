from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.separation import DutyConflict, Separation, SeparationException


class SeparationRepository(Protocol):
    """All separations. They change only under the guard (`StandingRepository.guard`)."""

    async def find(self, name: str) -> Separation | None:
        """Find a separation, including a withdrawn one."""

    async def in_force(self) -> Sequence[Separation]: ...

    async def conflicts_of(self, subject_id: UUID, *, assignment_id: UUID, at: datetime) -> Sequence[DutyConflict]:
        """Return the conflicts of a subject that one of its assignments takes part in, by the changes of this transaction."""

    async def conflicts_by(self, separation: str, roles: Collection[str], *, at: datetime, limit: int) -> Sequence[DutyConflict]:
        """Return conflicts of any people in which one of these roles takes part, by the changes of this transaction."""

    def add(self, separation: Separation) -> None: ...


class SeparationExceptionRepository(Protocol):
    async def lock(self, exception_id: UUID) -> SeparationException | None: ...

    async def approved_of(self, subject_id: UUID) -> Sequence[SeparationException]:
        """Return the approved exceptions of a subject that have not been ended; they may have expired."""

    async def lock_all_of(self, subject_id: UUID) -> Sequence[SeparationException]:
        """Lock all exceptions of a subject that have not been ended."""

    def add(self, exception: SeparationException) -> None: ...
