from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RoleView:
    """`version` is compared with If-Match."""

    name: str
    description: str
    is_default: bool
    version: int
    permissions: tuple[str, ...]


class RoleViews(Protocol):
    async def roles(self) -> Sequence[RoleView]: ...

    async def role(self, name: str) -> RoleView | None: ...
