from collections.abc import Sequence
from typing import Protocol

from governance.domain.role import Role
from governance.domain.role_hierarchy import RoleHierarchy


class RoleRepository(Protocol):
    async def find(self, name: str) -> Role | None: ...

    async def lock(self, name: str) -> Role | None:
        """Find a role and lock it until the transaction ends. Lock roles before holders."""

    async def default(self) -> Role: ...

    async def all(self) -> Sequence[Role]:
        """Return every role, including the changes of this transaction."""

    async def hierarchy(self) -> RoleHierarchy:
        """Return all roles with what they include, including the changes of this transaction."""

    def add(self, role: Role) -> None: ...
