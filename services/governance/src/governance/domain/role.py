"""Roles and their permissions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kernel.errors import InvalidValue
from kernel.events import Aggregate

# Permits granting and revoking roles, and changing their permissions.
MANAGE_ROLES = "role:manage"
# At least one user who is able to act must have these, or nobody could change a role or a policy again.
INDISPENSABLE = frozenset({MANAGE_ROLES, "policy:manage"})

# Names are quoted in Cedar text, so few characters are allowed.
ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_PERMISSION_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}:[a-z][a-z0-9_]{0,30}", re.ASCII)


class Permission:
    """One action of the platform, "<noun>:<verb>"; equal by name."""

    def __init__(self, name: str, description: str = "") -> None:
        if not _PERMISSION_NAME.fullmatch(name):
            raise InvalidValue(field="permission", expected="a name such as payment:approve", given=name)
        self.name = name
        self.description = description

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Permission) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Permission({self.name!r})"


@dataclass(eq=False)
class Role(Aggregate):
    """A named set of permissions. Unregistered subjects have the default role."""

    name: str
    description: str
    is_default: bool = False
    version: int = 1
    permissions: set[Permission] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not ROLE_NAME.fullmatch(self.name):
            raise InvalidValue(
                field="role", expected="lower-case letters, digits, hyphens and underscores, at most 63", given=self.name
            )

    @property
    def permission_names(self) -> tuple[str, ...]:
        return tuple(sorted(permission.name for permission in self.permissions))

    def grant(self, permission: Permission) -> bool:
        """Add a permission. Return False if the role has it already."""
        if permission in self.permissions:
            return False
        self.permissions.add(permission)
        return True

    def withdraw(self, permission: Permission) -> bool:
        """Remove a permission. Return False if the role does not have it."""
        if permission not in self.permissions:
            return False
        self.permissions.remove(permission)
        return True

    def set_permissions(self, permissions: Iterable[Permission]) -> bool:
        """Replace the role's permissions. Return False if nothing changed."""
        wanted = set(permissions)
        granted = [self.grant(permission) for permission in wanted - self.permissions]
        withdrawn = [self.withdraw(permission) for permission in self.permissions - wanted]
        if not granted and not withdrawn:
            return False
        self.version += 1
        return True
