from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import RoleAssignmentViews, SubjectView


@dataclass(frozen=True, slots=True)
class GetEffectiveRoles:
    """Get the effective roles of a subject, for peers: the default role until governance has met it.

    A subject that lost every role has none; the default role does not come back to it.
    """

    views: RoleAssignmentViews

    async def __call__(self, *, subject_id: UUID) -> SubjectView:
        subject = await self.views.subject(subject_id)
        return subject or SubjectView(subject_id, (await self.views.default_role(),), ())
