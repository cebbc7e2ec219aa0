"""Who holds which role, for those who manage roles. Reading another person's roles is recorded."""

from dataclasses import dataclass
from uuid import UUID

from governance.application import facts
from governance.application.queries import AssignmentView, GovernanceQueries, SubjectView
from governance.application.read_roles import GetSubjectRoles
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given


@dataclass(frozen=True, slots=True)
class ListRoleAssignments:
    """Page through assignments: a search over people, unless the caller asks for their own alone."""

    queries: GovernanceQueries
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
        """Raise ReasonRequired, but for the caller's own."""
        if subject_id == actor.user_id:
            return await self.queries.assignments(page, role=role, subject_id=subject_id)
        if reason is None:
            raise ReasonRequired
        found = await self.queries.assignments(page, role=role, subject_id=subject_id)
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


@dataclass(frozen=True, slots=True)
class ReadSubjectRoles:
    """Read the effective roles of a person and where each comes from; reading another's is recorded."""

    get_subject_roles: GetSubjectRoles
    reads: Reads

    async def __call__(self, *, actor: Actor, subject_id: UUID) -> SubjectView:
        subject = await self.get_subject_roles(subject_id=subject_id)
        if subject_id != actor.user_id:
            await self.reads.record(actor, facts.roles_read(subject_id))
        return subject
