from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from governance.domain.role import Role
from governance.domain.role_hierarchy import RoleHierarchy


@dataclass(frozen=True, slots=True)
class RoleView:
    """`version` is compared with If-Match. `permissions` are the role's own, `effective_permissions` also those of `includes`."""

    name: str
    title: str
    description: str
    is_default: bool
    is_system: bool
    version: int
    retired_at: datetime | None
    permissions: tuple[str, ...]
    includes: tuple[str, ...]
    effective_permissions: tuple[str, ...]


def view_of(role: Role, hierarchy: RoleHierarchy) -> RoleView:
    """Return the view of a role that this transaction changed."""
    return RoleView(
        name=role.name,
        title=role.title,
        description=role.description,
        is_default=role.is_default,
        is_system=role.is_system,
        version=role.version,
        retired_at=role.retired_at,
        permissions=role.permission_names,
        includes=role.included,
        effective_permissions=tuple(sorted(hierarchy.permission_names(role.name))),
    )


class RoleViews(Protocol):
    async def roles(self, *, retired: bool) -> Sequence[RoleView]:
        """Return the roles in use, or with `retired` all roles, in the order of their names."""

    async def role(self, name: str) -> RoleView | None: ...
