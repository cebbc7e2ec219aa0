"""Separation of duties: two permissions that nobody may have for the same scope, and exceptions from that."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Self
from uuid import UUID

from governance.domain.errors import EndedException, OwnException
from governance.domain.role import PERMISSION_NAME, ROLE_NAME
from governance.domain.role_hierarchy import RoleHierarchy
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.ids import new_id

DESCRIPTION_LENGTH_MAX: Final = 500
EXEMPT_ROLES_MAX: Final = 20
NAME_PATTERN: Final = r"[a-z][a-z0-9-]{0,62}"
_NAME = re.compile(NAME_PATTERN, re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparatedDuties:
    """Two permissions that one person may not have together, and the roles to which that does not apply."""

    first: str
    second: str
    exempt_roles: tuple[str, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        for field, permission in (("first", self.first), ("second", self.second)):
            if not PERMISSION_NAME.fullmatch(permission):
                raise InvalidValue(field=field, expected="a permission such as payment:approve", given=permission)
        if self.first == self.second:
            raise InvalidValue(field="second", expected="another permission than the first", given=self.second)
        object.__setattr__(self, "exempt_roles", tuple(sorted(set(self.exempt_roles))))
        if len(self.exempt_roles) > EXEMPT_ROLES_MAX or not all(map(ROLE_NAME.fullmatch, self.exempt_roles)):
            raise InvalidValue(field="exempt_roles", expected=f"at most {EXEMPT_ROLES_MAX} names of roles")
        if len(self.description) > DESCRIPTION_LENGTH_MAX:
            raise InvalidValue(field="description", expected=f"at most {DESCRIPTION_LENGTH_MAX} characters")


@dataclass(eq=False)
class Separation(Aggregate):
    """A named pair of duties. A withdrawn one is kept and can be set again; its version continues."""

    name: str
    first: str
    second: str
    exempt_roles: tuple[str, ...]
    description: str
    version: int = 1
    is_withdrawn: bool = False

    @classmethod
    def make(cls, name: str, duties: SeparatedDuties) -> Self:
        if not _NAME.fullmatch(name):
            raise InvalidValue(field="name", expected="lower-case letters, digits and hyphens, at most 63", given=name)
        return cls(name, duties.first, duties.second, duties.exempt_roles, duties.description)

    @property
    def duties(self) -> SeparatedDuties:
        return SeparatedDuties(first=self.first, second=self.second, exempt_roles=self.exempt_roles, description=self.description)

    def change(self, duties: SeparatedDuties) -> bool:
        """Put it in force with these duties. Return False if it is already."""
        if not self.is_withdrawn and self.duties == duties:
            return False
        self.first, self.second, self.description = duties.first, duties.second, duties.description
        self.exempt_roles = duties.exempt_roles
        self.is_withdrawn = False
        self.version += 1
        return True

    def withdraw(self) -> bool:
        """Withdraw it. Return False if it is withdrawn already."""
        if self.is_withdrawn:
            return False
        self.is_withdrawn = True
        self.version += 1
        return True

    def joined_by(self, hierarchy: RoleHierarchy, role: str) -> bool:
        """Return whether a role by itself permits both, with what it includes."""
        return role not in self.exempt_roles and {self.first, self.second} <= hierarchy.permission_names(role)


class DutyConflict(NamedTuple):
    """That a person has, or would have, both duties by two assignments (or one) for the same scope at the same time.

    `ends_at` is when the first of the two ends, None if neither does. The organization is None for "everywhere".
    """

    separation: str
    subject_id: UUID
    first_role: str
    second_role: str
    organization_id: UUID | None
    ends_at: datetime | None


@dataclass(eq=False)
class SeparationException(Aggregate):
    """That one person may have both duties of a separation until a time.

    One person asks for it and another one approves. It is about the two duties of the time when it was asked for: a separation
    that is changed to other duties needs another one. It permits only assignments that end no later than it does.
    """

    id: UUID
    separation: str
    first: str
    second: str
    subject_id: UUID
    reason: str
    expires_at: datetime
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    @classmethod
    def ask(cls, separation: Separation, subject_id: UUID, *, reason: str, expires_at: datetime, by: str, at: datetime) -> Self:
        if expires_at <= at:
            raise InvalidValue(field="expires_at", expected="a time in the future", given=expires_at.isoformat())
        name, first, second = separation.name, separation.first, separation.second
        return cls(new_id(), name, first, second, subject_id, reason, expires_at, by, at)

    @property
    def is_ended(self) -> bool:
        return self.ended_at is not None

    def is_in_force(self, at: datetime) -> bool:
        return self.approved_at is not None and not self.is_ended and at < self.expires_at

    def permits(self, separation: Separation, *, ends_at: datetime | None, at: datetime) -> bool:
        """Return whether this exception is in force for a separation, until an assignment ends."""
        is_about = (self.separation, self.first, self.second) == (separation.name, separation.first, separation.second)
        return is_about and self.is_in_force(at) and ends_at is not None and ends_at <= self.expires_at

    def require_approvable(self, *, by: str, at: datetime) -> None:
        """Raise OwnException for the person who asked or is concerned, or EndedException."""
        if by in {self.asked_by, str(self.subject_id)}:
            raise OwnException(exception_id=self.id)
        if self.is_ended or self.expires_at <= at:
            raise EndedException(exception_id=self.id)

    def approve(self, *, by: str, at: datetime) -> None:
        """Approve it, or raise what `require_approvable` raises."""
        self.require_approvable(by=by, at=at)
        self.approved_by, self.approved_at = by, at

    def end(self, *, by: str, at: datetime) -> bool:
        """Reject it, or end it before it expires. Return False if it has ended already."""
        if self.is_ended:
            return False
        self.ended_by, self.ended_at = by, at
        return True
