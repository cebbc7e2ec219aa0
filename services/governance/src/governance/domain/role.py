"""Roles and their permissions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from governance.domain.errors import ProtectedRole, RetiredRole
from kernel.errors import InvalidValue
from kernel.events import Aggregate

# Permits granting and revoking roles, and changing their permissions.
MANAGE_ROLES = "role:manage"
# At least one user who is able to act must have these, or nobody could change a role or a policy again.
MANAGE_POLICIES = "policy:manage"
INDISPENSABLE = frozenset({MANAGE_ROLES, MANAGE_POLICIES})
# The system role of those who run an organization. Nobody has it everywhere.
ORGANIZATION_ADMIN: Final = "organization-admin"
TITLE_LENGTH_MAX: Final = 80
DESCRIPTION_LENGTH_MAX: Final = 500
INCLUDED_MAX: Final = 20

# Names are quoted in Cedar text, so few characters are allowed.
ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
PERMISSION_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}:[a-z][a-z0-9_]{0,30}", re.ASCII)


class Permission:
    """One action of the platform, "<noun>:<verb>"; equal by name. `category` groups permissions for people who choose some."""

    def __init__(self, name: str, description: str = "", category: str = "") -> None:
        if not PERMISSION_NAME.fullmatch(name):
            raise InvalidValue(field="permission", expected="a name such as payment:approve", given=name)
        self.name = name
        self.description = description
        self.category = category

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Permission) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Permission({self.name!r})"


@dataclass(eq=False)
class RoleInclusion:
    """That a role includes another one: its holders have the permissions of both."""

    role: str
    included: str


@dataclass(eq=False)
class Role(Aggregate):
    """A named set of permissions, and the roles that it includes. Unregistered subjects have the default role.

    The name is in tokens and URLs and never changes. A system role is one that the platform relies on: it cannot be retired. A
    retired role permits nothing and includes nothing, and its name is not used again.
    """

    name: str
    title: str
    description: str = ""
    is_default: bool = False
    is_system: bool = False
    version: int = 1
    retired_at: datetime | None = None
    permissions: set[Permission] = field(default_factory=set)
    inclusions: dict[str, RoleInclusion] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not ROLE_NAME.fullmatch(self.name):
            raise InvalidValue(
                field="role", expected="lower-case letters, digits, hyphens and underscores, at most 63", given=self.name
            )
        _check_texts(self.title, self.description)

    @classmethod
    def create(cls, name: str, *, title: str, description: str) -> Self:
        return cls(name, title, description)

    @property
    def permission_names(self) -> tuple[str, ...]:
        return tuple(sorted(permission.name for permission in self.permissions))

    @property
    def included(self) -> tuple[str, ...]:
        """The names of the roles that it includes itself, sorted."""
        return tuple(sorted(self.inclusions))

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None

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
        """Replace the role's permissions. Return False if nothing changed. Raise RetiredRole."""
        self.require_active()
        wanted = set(permissions)
        granted = [self.grant(permission) for permission in wanted - self.permissions]
        withdrawn = [self.withdraw(permission) for permission in self.permissions - wanted]
        if not granted and not withdrawn:
            return False
        self.version += 1
        return True

    def set_included(self, names: Iterable[str]) -> bool:
        """Replace the roles that it includes. Return False if nothing changed. Raise RetiredRole.

        The caller checks that they exist and that no role includes itself (`RoleHierarchy`).
        """
        self.require_active()
        wanted = set(names)
        if len(wanted) > INCLUDED_MAX:
            raise InvalidValue(field="roles", expected=f"at most {INCLUDED_MAX} roles")
        if wanted == self.inclusions.keys():
            return False
        for name in self.inclusions.keys() - wanted:
            del self.inclusions[name]
        for name in wanted - self.inclusions.keys():
            self.inclusions[name] = RoleInclusion(self.name, name)
        self.version += 1
        return True

    def describe(self, *, title: str, description: str) -> bool:
        """Change the texts. Return False if nothing changed. Raise RetiredRole."""
        self.require_active()
        _check_texts(title, description)
        if (title, description) == (self.title, self.description):
            return False
        self.title, self.description = title, description
        self.version += 1
        return True

    def retire(self, *, at: datetime) -> bool:
        """Take the role out of use permanently. Return False if it is retired already. Raise ProtectedRole."""
        if self.is_retired:
            return False
        if self.is_system or self.is_default:
            raise ProtectedRole(role=self.name)
        self.retired_at = at
        self.version += 1
        return True

    def require_active(self) -> None:
        """Raise RetiredRole."""
        if self.is_retired:
            raise RetiredRole(field="role", role=self.name)


def _check_texts(title: str, description: str) -> None:
    if not 1 <= len(title) <= TITLE_LENGTH_MAX:
        raise InvalidValue(field="title", expected=f"1 to {TITLE_LENGTH_MAX} characters", given=title[: TITLE_LENGTH_MAX + 1])
    if len(description) > DESCRIPTION_LENGTH_MAX:
        raise InvalidValue(field="description", expected=f"at most {DESCRIPTION_LENGTH_MAX} characters")
