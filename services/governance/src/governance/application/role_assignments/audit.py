"""How assignments of roles appear in the audit log."""

from uuid import UUID

from governance.domain.role_holder import RoleHolder
from kernel.audit import Audited
from kernel.reads import ReadOfOthers


def assignment_of(role: str) -> Audited[RoleHolder]:
    """Make the form of a grant or a revocation of a role; an auditor finds it under the subject and under the role."""
    return Audited(
        action="governance.role",
        resource_type="role_assignment",
        state=lambda holder: {"roles": list(holder.roles)},
        id_of=lambda holder: holder.subject_id,
        related=lambda holder: (str(holder.subject_id), f"role:{role}"),
    )


def read_of_roles(subject_id: UUID) -> ReadOfOthers:
    """Make the record that a person's roles were shown to another, also by a grant or a revocation that changes nothing."""
    return ReadOfOthers(action="governance.role_assignment.read", resource_id=str(subject_id), owners=(subject_id,))
