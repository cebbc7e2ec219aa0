"""Names of devices and passkeys: their owners write them, so they are sealed like other personal data."""

from typing import Protocol
from uuid import UUID


class SealedNames(Protocol):
    async def seal(self, user_id: UUID, item_id: UUID, name: str) -> str:
        """Seal a name under its owner's key, bound to the item. Raise NotFound for an erased owner."""

    async def open(self, user_id: UUID, item_id: UUID, sealed: str) -> str:
        """Open a sealed name. Raise NotFound for an erased owner."""
