from collections.abc import Sequence
from typing import Protocol

from governance.domain.role import Permission


class PermissionRepository(Protocol):
    async def all(self) -> Sequence[Permission]: ...
