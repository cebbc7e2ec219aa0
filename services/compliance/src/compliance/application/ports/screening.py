from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from compliance.domain.screening import ScreeningBlock


class BlockRepository(Protocol):
    async def add(self, block: ScreeningBlock) -> None: ...

    async def find_standing(self, subject_id: UUID) -> ScreeningBlock | None:
        """Find the block that stands against a subject; until the transaction ends nobody else places one."""

    async def get(self, block_id: UUID) -> ScreeningBlock | None:
        """Find a block, locked."""


class BlockList(Protocol):
    async def standing(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Give the reason of each block that stands against one of the subjects; raises when it cannot tell."""
