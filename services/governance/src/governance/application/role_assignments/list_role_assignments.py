from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import AssignmentView, RoleAssignmentViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given


@dataclass(frozen=True, slots=True)
class ListRoleAssignments:
    """Page through role assignments. This is a search over users, unless callers list only their own."""

    views: RoleAssignmentViews
    reads: Reads

    async def __call__(
        self,
        *,
        actor: Actor,
        page: PageRequest,
        role: str | None = None,
        subject_id: UUID | None = None,
        organization_id: UUID | None = None,
        reason: str | None = None,
    ) -> Page[AssignmentView]:
        """Raise ReasonRequired if a reason is missing and the search is not limited to the caller.

        With an organization, only the roles within it are listed.
        """
        if subject_id == actor.user_id:
            return await self.views.assignments(page, role=role, subject_id=subject_id, organization_id=organization_id)
        if reason is None:
            raise ReasonRequired
        found = await self.views.assignments(page, role=role, subject_id=subject_id, organization_id=organization_id)
        others = [assignment.subject_id for assignment in found.items if assignment.subject_id != actor.user_id]
        await self.reads.record(
            actor,
            ReadOfOthers(
                action="governance.role_assignment.search",
                owners=(subject_id, *others),
                filters=given(role=role, subject_id=subject_id, organization_id=organization_id),
                shown=len(found.items),
                reason=reason,
            ),
        )
        return found
