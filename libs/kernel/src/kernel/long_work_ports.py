"""What use cases need of long work's storage. `kind` is the kind of the caller's work: others' is not found."""

from typing import Protocol
from uuid import UUID

from kernel.long_work import JobName, LongWork
from kernel.pages import CursorPage, CursorRequest


class LongWorks(Protocol):
    """Long work in a transaction."""

    async def find_open(self, kind: str, exclusive: str) -> LongWork | None:
        """Return the open work that excludes other such work. Until the commit, nobody else can add any."""

    async def lock(self, kind: str, work_id: UUID) -> LongWork | None: ...

    async def add(self, work: LongWork, job: JobName) -> None:
        """Write new work, and queue the job that does it."""

    async def save(self, work: LongWork) -> None: ...

    async def queue(self, work: LongWork) -> None:
        """Queue the job of resumed work again."""


class LongWorkViews(Protocol):
    async def find(self, kind: str, work_id: UUID) -> LongWork | None: ...

    async def page(self, kind: str, cursor: CursorRequest) -> CursorPage[LongWork]:
        """List the work of a kind, newest first."""
