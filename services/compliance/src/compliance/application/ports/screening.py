from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from compliance.domain.screening import ScreeningBlock


class BlockRepository(Protocol):
    async def add(self, block: ScreeningBlock) -> None: ...

    async def find_in_force(self, subject_id: UUID) -> ScreeningBlock | None:
        """Find the active block of a subject. Until the transaction ends, no other can place one."""

    async def get(self, block_id: UUID) -> ScreeningBlock | None:
        """Find a block and lock it."""


class BlockList(Protocol):
    async def in_force(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Return the reason of each active block of these subjects. Raise an error if the blocks cannot be read."""
