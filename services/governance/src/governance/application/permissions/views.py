from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PermissionView:
    name: str
    description: str
    category: str


class PermissionViews(Protocol):
    async def permissions(self) -> Sequence[PermissionView]:
        """Return all permissions, by category and name."""
