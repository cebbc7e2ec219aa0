from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import AssignmentView, RoleAssignmentViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given


@dataclass(frozen=True, slots=True)
class ListRoleAssignments:
    """Page through assignments: a search over people, unless the caller asks for their own alone."""

    views: RoleAssignmentViews
    reads: Reads

    async def __call__(
        self,
        *,
        actor: Actor,
        page: PageRequest,
        role: str | None = None,
        subject_id: UUID | None = None,
        reason: str | None = None,
    ) -> Page[AssignmentView]:
        """Raise ReasonRequired unless only the caller's own are asked for."""
        if subject_id == actor.user_id:
            return await self.views.assignments(page, role=role, subject_id=subject_id)
        if reason is None:
            raise ReasonRequired
        found = await self.views.assignments(page, role=role, subject_id=subject_id)
        others = [assignment.subject_id for assignment in found.items if assignment.subject_id != actor.user_id]
        await self.reads.record(
            actor,
            ReadOfOthers(
                action="governance.role_assignment.search",
                owners=(subject_id, *others),
                filters=given(role=role, subject_id=subject_id),
                shown=len(found.items),
                reason=reason,
            ),
        )
        return found
