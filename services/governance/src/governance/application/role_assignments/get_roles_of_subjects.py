from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import RoleAssignmentViews


@dataclass(frozen=True, slots=True)
class GetRolesOfSubjects:
    """Get the effective roles of many subjects, in the order of the request. See GetEffectiveRoles."""

    views: RoleAssignmentViews

    async def __call__(self, *, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        return await self.views.effective_roles(subject_ids)
