"""What people call their devices and passkeys: their own words, so sealed like the rest that is personal."""

from typing import Protocol
from uuid import UUID


class SealedNames(Protocol):
    async def seal(self, user_id: UUID, thing_id: UUID, name: str) -> str:
        """Seal a name under its owner's key, bound to the thing; raises NotFound for an owner who was erased."""

    async def open(self, user_id: UUID, thing_id: UUID, sealed: str) -> str:
        """Open a sealed name; raises NotFound for an owner who was erased."""
