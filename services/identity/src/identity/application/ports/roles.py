"""The roles of users, from governance."""

from typing import Protocol
from uuid import UUID


class Roles(Protocol):
    async def of(self, user_id: UUID) -> tuple[str, ...]:
        """Return the current roles of a user. Raise Unavailable if governance does not answer."""
