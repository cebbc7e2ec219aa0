from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from governance.application.access import audit
from governance.application.access.views import AccessViews
from governance.application.policies.views import PolicyView, PolicyViews
from governance.domain.access import AccessPath, access_of
from governance.domain.errors import UnknownPermission
from governance.domain.policy import PolicyMode
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.pages import PER_PAGE_MAX, PageRequest
from kernel.reads import Reads, given


class Because(StrEnum):
    """Why a person may do something, or may not. The sentences are for people, the names for programs."""

    PERMITTED = "permitted"
    NO_ROLE = "no_role"
    OTHER_ORGANIZATION = "other_organization"
    NOT_YET = "not_yet"
    ENDED = "ended"
    UNABLE = "unable"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Because.PERMITTED: "The person has a role that permits it.",
    Because.NO_ROLE: "No role of the person permits it.",
    Because.OTHER_ORGANIZATION: "The person may do it in an organization, but not here.",
    Because.NOT_YET: "A role that permits it is planned and has not started.",
    Because.ENDED: "The role that permitted it has ended.",
    Because.UNABLE: "The person has a role that permits it, but their account is suspended or closed.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a person may do something, and why. `paths` in force permit it; `others` would at another place or time.

    `restrictions` are the policies in force about it: what roles permit is allowed only as they say.
    """

    subject_id: UUID
    permission: str
    organization_id: UUID | None
    allowed: bool
    because: Because
    paths: Sequence[AccessPath]
    others: Sequence[AccessPath]
    restrictions: Sequence[PolicyView]


@dataclass(frozen=True, slots=True)
class ExplainAccess:
    """Explain whether a person may do something: everywhere, or with what belongs to an organization."""

    views: AccessViews
    policies: PolicyViews
    reads: Reads
    clock: Clock

    async def __call__(
        self, *, actor: Actor, subject_id: UUID, permission: str, organization_id: UUID | None = None
    ) -> Explanation:
        """Raise UnknownPermission."""
        found = await self.views.held(subject_id)
        if permission not in found.permissions:
            raise UnknownPermission(field="permission", unknown=[permission])
        if subject_id != actor.user_id:
            filters = given(permission=permission, organization_id=organization_id)
            await self.reads.record(actor, audit.read_of_access(subject_id, "explain", **filters))
        at = self.clock.now()
        accesses = (each for each in access_of(found.held, found.hierarchy) if each.permission == permission)
        paths = [path for access in accesses for path in access.paths]
        effective = [path for path in paths if path.is_in_force(at, organization_id=organization_id)]
        others = [path for path in paths if path not in effective]
        if effective:
            because = Because.PERMITTED if found.is_able else Because.UNABLE
        elif not others:
            because = Because.NO_ROLE
        elif any(path.held.limits.hold_at(at) for path in others):
            because = Because.OTHER_ORGANIZATION
        elif any(path.held.limits.starts_after(at) for path in others):
            because = Because.NOT_YET
        else:
            because = Because.ENDED
        page = PageRequest(per_page=PER_PAGE_MAX)
        restrictions = await self.policies.policies(page, mode=PolicyMode.ENFORCED, permission=permission)
        return Explanation(
            subject_id=subject_id,
            permission=permission,
            organization_id=organization_id,
            allowed=because is Because.PERMITTED,
            because=because,
            paths=effective,
            others=others,
            restrictions=restrictions.items,
        )
