"""How role assignments appear in the audit log."""

from uuid import UUID

from governance.domain.role_holder import RoleHolder
from kernel.audit import Audited
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


def read_of_roles(subject_id: UUID) -> ReadOfOthers:
    """Record that another user read a user's roles, including by a grant or revocation that changed nothing."""
    return ReadOfOthers(action="governance.role_assignment.read", resource_id=str(subject_id), owners=(subject_id,))
