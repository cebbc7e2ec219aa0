"""How role assignments appear in the audit log."""

from uuid import UUID

from governance.domain.limited_role import LimitedHolder
from governance.domain.role_holder import RoleHolder
from kernel.audit import Audited, State
from kernel.reads import ReadOfOthers


def assignment_of(role: str) -> Audited[RoleHolder]:
    """Describe grants and revocations of a role. The audit log lists them under the subject and under the role."""
    return Audited(
        action="governance.role",
        resource_type="role_assignment",
        state=lambda holder: {"roles": list(holder.roles)},
        id_of=lambda holder: holder.subject_id,
        related=lambda holder: (str(holder.subject_id), f"role:{role}"),
    )


def limited_assignment_of(role: str, organization_id: UUID | None = None) -> Audited[LimitedHolder]:
    """Describe the same for a role within limits. The audit log also lists it under the organization."""
    also = (f"role:{role}",) if organization_id is None else (f"role:{role}", str(organization_id))
    return Audited(
        action="governance.role",
        resource_type="role_assignment",
        state=_limited_state,
        id_of=lambda holder: holder.subject_id,
        related=lambda holder: (str(holder.subject_id), *also),
    )


def _limited_state(holder: LimitedHolder) -> State:
    return {"limited_roles": [_plain(each.role, *each.limits) for _, each in sorted(holder.assignments.items())]}


def _plain(role: str, *limits: object) -> State:
    names = ("organization_id", "starts_at", "ends_at", "team_id")
    return {"role": role, **{name: str(limit) for name, limit in zip(names, limits, strict=True) if limit is not None}}


def read_of_roles(subject_id: UUID) -> ReadOfOthers:
    """Record that another user read a user's roles, including by a grant or revocation that changed nothing."""
    return ReadOfOthers(action="governance.role_assignment.read", resource_id=str(subject_id), owners=(subject_id,))
