"""What a person may do, and by which way: from an assignment over the roles that it includes to a permission."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.domain.limits import NO_LIMITS, Limits
from governance.domain.role_hierarchy import RoleHierarchy, RolePath


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that a person has, within limits. Without an `assignment_id`, it is the default role of everybody."""

    role: str
    limits: Limits = NO_LIMITS
    assignment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AccessPath:
    """One way by which a person has a permission: `roles` lead from the one that is held to the one that permits it."""

    held: HeldRole
    roles: RolePath

    def is_in_force(self, at: datetime, *, organization_id: UUID | None = None) -> bool:
        """Return whether it permits something now: everywhere, or what belongs to this organization."""
        scope = self.held.limits.organization_id
        return self.held.limits.hold_at(at) and (scope is None or scope == organization_id)


@dataclass(frozen=True, slots=True)
class PermissionAccess:
    """A permission of a person with all paths that grant it."""

    permission: str
    paths: tuple[AccessPath, ...]


def access_of(held: Iterable[HeldRole], hierarchy: RoleHierarchy) -> Sequence[PermissionAccess]:
    """Return the permissions that roles give, each with the ways that lead to it. In the order of their names."""
    found: dict[str, list[AccessPath]] = {}
    for each in held:
        for permission, roles in hierarchy.permissions(each.role).items():
            found.setdefault(permission.name, []).append(AccessPath(each, roles))
    return [PermissionAccess(name, tuple(found[name])) for name in sorted(found)]
