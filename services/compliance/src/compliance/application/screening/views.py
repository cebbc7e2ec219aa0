from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class BlockView:
    id: UUID
    subject_id: UUID
    reason: str
    created_by: str
    created_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None


class ScreeningViews(Protocol):
    async def blocks(self, *, standing: bool | None, page: PageRequest) -> Page[BlockView]: ...
