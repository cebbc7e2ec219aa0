from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import RoleAssignmentViews, SubjectView


@dataclass(frozen=True, slots=True)
class GetEffectiveRoles:
    """Get the effective roles of a subject, for other services. An unregistered subject has the default role.

    A subject whose roles were all revoked has none: the default role does not apply to it again.
    """

    views: RoleAssignmentViews

    async def __call__(self, *, subject_id: UUID) -> SubjectView:
        subject = await self.views.subject(subject_id)
        return subject or SubjectView(subject_id, (await self.views.default_role(),), ())
