from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.members.joining import give_roles, join_organization
from governance.application.members.views import MemberView
from governance.application.organizations.authority import within
from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import UnitOfWork
from governance.domain.errors import InactiveSubject
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class AddMember:
    """Make a person a member without an invitation, such as the first administrator. The route requires it everywhere."""

    uow: UnitOfWork
    subjects: Subjects
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        organization_id: UUID,
        subject_id: UUID,
        roles: Collection[str],
        ends_at: datetime | None,
        reason: str,
    ) -> MemberView:
        """Raise AlreadyExists for a member, UnknownSubject, InactiveSubject, and what `join_organization`, `give_roles` raise."""
        if not await self.subjects.is_active(subject_id):
            raise InactiveSubject(field="subject_id", subject_id=subject_id)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            await tx.standings.guard()
            at = self.clock.now()
            found = await tx.memberships.lock(organization_id, subject_id)
            if found and not found.is_over(at):
                raise AlreadyExists(field="subject_id", subject_id=subject_id)
            membership = await join_organization(
                tx, organization_id=organization_id, subject_id=subject_id, ends_at=ends_at, at=at, reason=reason
            )
            await give_roles(
                tx,
                giver=actor,
                membership=membership,
                roles=roles,
                at=at,
                reason=reason,
            )
            return MemberView(
                organization_id,
                subject_id,
                membership.joined_at,
                membership.ends_at,
                membership.manager_id,
                membership.version,
                tuple(sorted(set(roles))),
            )
