"""The roles that governance keeps."""

from typing import Protocol
from uuid import UUID


class Roles(Protocol):
    async def of(self, user_id: UUID) -> tuple[str, ...]:
        """Return the roles that a user holds now; raises Unavailable when governance does not answer."""
