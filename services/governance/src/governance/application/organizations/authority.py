"""Who may read and change an organization. For the others, it does not exist."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from governance.application.ports.decisions import MANAGE_ORGANIZATION, READ_ANY_ORGANIZATION, Decisions
from governance.application.ports.memberships import CurrentMembers
from governance.domain.errors import OrganizationClosed
from kernel.actor import Actor
from kernel.errors import AccessDenied, NotFound
from kernel.reads import ReadOfOthers, Reads


@dataclass(frozen=True, slots=True)
class OrganizationAuthority:
    """Members may read their organization; those of them who have `organization:manage` for it may change it while it is active.

    Who has the permission everywhere may change every organization. `reading` is the action of a read, such as
    "governance.team.list"; it is recorded if the caller is no member.
    """

    decisions: Decisions
    members: CurrentMembers
    reads: Reads

    async def require_reader(self, actor: Actor, organization_id: UUID, *, reading: str | None = None) -> None:
        """Raise NotFound unless the actor is a member, or may read or manage the organization."""
        if self._may(actor, organization_id):
            if reading:
                await self._record(actor, organization_id, reading)
            return
        if not await self.members.is_member(organization_id, actor.user_id):
            raise NotFound(organization_id=organization_id)

    async def require_manager(
        self, actor: Actor, organization_id: UUID, *, teams: Sequence[UUID] = (), reading: str | None = None
    ) -> None:
        """Raise NotFound for those who may not read the organization, and AccessDenied for those who may only read it.

        Raise OrganizationClosed for a member while it is not active. With `teams`, a team and those of which it is a part, a
        manager of one of them is enough.
        """
        if self.is_of_the_platform(actor):
            if reading:
                await self._record(actor, organization_id, reading)
            return
        await self.require_reader(actor, organization_id)
        # The roles of a membership whose end has come are revoked by a job, somewhat later.
        if not await self.members.may_act(organization_id, actor.user_id):
            if await self.members.is_member(organization_id, actor.user_id):
                raise OrganizationClosed(organization_id=organization_id)
            raise AccessDenied(permission=MANAGE_ORGANIZATION, organization_id=organization_id)
        self.decisions.require_within(actor, MANAGE_ORGANIZATION, organization_id, teams=teams)

    def is_of_the_platform(self, actor: Actor) -> bool:
        """Return whether the actor manages all organizations."""
        return self.decisions.allows(actor, MANAGE_ORGANIZATION)

    def sees_all(self, actor: Actor) -> bool:
        return self.decisions.allows(actor, READ_ANY_ORGANIZATION) or self.is_of_the_platform(actor)

    async def _record(self, actor: Actor, organization_id: UUID, reading: str) -> None:
        if not await self.members.is_member(organization_id, actor.user_id):
            await self.reads.record(actor, ReadOfOthers(action=reading, resource_id=str(organization_id)))

    def _may(self, actor: Actor, organization_id: UUID) -> bool:
        return any(
            self.decisions.allows_within(actor, permission, organization_id)
            for permission in (READ_ANY_ORGANIZATION, MANAGE_ORGANIZATION)
        )


def within(actor: Actor, organization_id: UUID | None) -> Actor:
    """Return the actor for a transaction about one organization: it sees no rows of others, and its facts name this one."""
    return replace(actor, organization_id=organization_id) if organization_id else actor
