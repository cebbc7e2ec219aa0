from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments import audit
from governance.application.role_assignments.get_effective_roles import GetEffectiveRoles
from governance.application.role_assignments.views import SubjectView
from kernel.actor import Actor
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetSubjectRoles:
    """Get the effective roles and role assignments of a user. Reading another user's is recorded."""

    get_effective_roles: GetEffectiveRoles
    reads: Reads

    async def __call__(self, *, actor: Actor, subject_id: UUID) -> SubjectView:
        subject = await self.get_effective_roles(subject_id=subject_id)
        if subject_id != actor.user_id:
            await self.reads.record(actor, audit.read_of_roles(subject_id))
        return subject
