from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.access import HeldRole, PermissionAccess
from governance.domain.limits import Limits
from governance.domain.role_hierarchy import RoleHierarchy
from kernel.pages import CursorPage, CursorRequest


@dataclass(frozen=True, slots=True)
class HeldAccess:
    """The roles of a person and all definitions, of one moment. `is_able` is the person's standing in identity.

    `permissions` are the names of all permissions that there are.
    """

    held: Sequence[HeldRole]
    hierarchy: RoleHierarchy
    permissions: frozenset[str]
    is_able: bool
    organizations: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class UserAccess:
    """All that a person may do, with the ways that grant it, also ways that are not in force yet or any more."""

    subject_id: UUID
    is_able: bool
    organizations: Sequence[UUID]
    permissions: Sequence[PermissionAccess]


@dataclass(frozen=True, slots=True)
class HolderView:
    """A person who has a permission by an assignment. `via` is the role that is held."""

    subject_id: UUID
    assignment_id: UUID
    via: str
    limits: Limits


class AccessViews(Protocol):
    async def held(self, subject_id: UUID) -> HeldAccess:
        """Read the roles of a person, which are the default role if none was ever assigned, in one snapshot."""

    async def holders(
        self, roles: Collection[str], cursor: CursorRequest, *, organization_id: UUID | None, at: datetime
    ) -> CursorPage[HolderView]:
        """Page through the able people who hold one of these roles in force: everywhere, or in the organization if given."""

    async def definitions(self) -> tuple[RoleHierarchy, frozenset[str]]:
        """Read all roles, and the names of all permissions."""
