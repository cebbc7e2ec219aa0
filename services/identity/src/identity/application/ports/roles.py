"""The roles and memberships of users, from governance."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rights:
    """The roles of a user, and the organizations that the user may act for."""

    roles: tuple[str, ...]
    organization_ids: frozenset[UUID] = frozenset()


class Roles(Protocol):
    async def of(self, user_id: UUID) -> tuple[str, ...]:
        """Return the current roles of a user. Raise Unavailable if governance does not answer."""

    async def rights_of(self, user_id: UUID) -> Rights:
        """Return the current roles and memberships of a user. Raise Unavailable if governance does not answer."""
