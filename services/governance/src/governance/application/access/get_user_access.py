from dataclasses import dataclass
from uuid import UUID

from governance.application.access import audit
from governance.application.access.views import AccessViews, UserAccess
from governance.application.ports.decisions import Decisions
from governance.domain.access import access_of
from governance.domain.role import MANAGE_ROLES
from kernel.actor import Actor
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetUserAccess:
    """Get all permissions of a person with the ways that grant each: the caller's, or of others with `role:manage`.

    Reading another person's is recorded.
    """

    views: AccessViews
    decisions: Decisions
    reads: Reads

    async def __call__(self, *, actor: Actor, subject_id: UUID) -> UserAccess:
        if subject_id != actor.user_id:
            self.decisions.require(actor, MANAGE_ROLES)
        found = await self.views.held(subject_id)
        if subject_id != actor.user_id:
            await self.reads.record(actor, audit.read_of_access(subject_id, "read"))
        return UserAccess(subject_id, found.is_able, found.organizations, access_of(found.held, found.hierarchy))
