"""The events of governance. Each has its message in elcorp.governance.v1."""

from dataclasses import dataclass
from uuid import UUID

from governance.domain.limits import Limits
from kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRolesChanged(Event):
    """`roles` are all roles of the subject after the change, sorted. `version` orders the changes of a subject."""

    subject_id: UUID
    roles: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedRolesChanged(Event):
    """`roles` are all limited roles of the subject after the change. `version` orders the changes of a subject."""

    subject_id: UUID
    roles: tuple[tuple[str, Limits], ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnded(Event):
    organization_id: UUID
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationStatusChanged(Event):
    organization_id: UUID
    status: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBundlePublished(Event):
    bundle_id: UUID
    version: int
