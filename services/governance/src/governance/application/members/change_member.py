from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.members.audit import MEMBERSHIP
from governance.application.members.joining import lock_member, require_lasting, require_managed
from governance.application.members.views import MemberView
from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.standings.authority import require_authority_over, require_authority_within
from governance.domain.errors import NoMember, OwnManager, OwnMembership
from governance.domain.organization import OrganizationKind
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AccessDenied, StaleVersion


@dataclass(frozen=True, slots=True)
class ChangeMember:
    """Set the manager and the end of a membership."""

    uow: UnitOfWork
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        organization_id: UUID,
        subject_id: UUID,
        manager_id: UUID | None,
        ends_at: datetime | None,
        version: int,
    ) -> MemberView:
        """Raise NotFound, AccessDenied, StaleVersion, NoMember or OwnManager for the manager, or InvalidValue for the end.

        Another end is refused as the end itself would be: with OwnMembership, BeyondAuthority, LastOrganizationAdministrator;
        another manager with OwnMembership or BeyondAuthority, and with AccessDenied if the platform has set the present one.
        """
        await self.authority.require_manager(actor, organization_id)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            await tx.standings.guard()
            at = self.clock.now()
            membership = await lock_member(tx, organization_id, subject_id, at=at)
            if membership.version != version:
                raise StaleVersion(field="If-Match", version=membership.version)
            by_platform = await self._decides_for_platform(tx, actor, organization_id)
            if manager_id != membership.manager_id:
                if membership.platform_manager_id and not by_platform:
                    raise AccessDenied(permission=MANAGE_ORGANIZATION)
                await _require_may_set_manager(tx, actor, organization_id, subject_id, by_platform=by_platform, at=at)
                if manager_id:
                    await _require_manager(tx, organization_id, subject_id, manager_id, at=at)
            had = False
            if ends_at != membership.ends_at:
                if actor.user_id == subject_id:
                    raise OwnMembership(field="ends_at", subject_id=subject_id)
                await require_lasting(tx, actor, organization_id, ends_at=ends_at, at=at)
                await require_authority_within(tx, actor, subject_id, organization_id=organization_id, at=at)
                had = await tx.memberships.can_be_managed(organization_id, MANAGE_ORGANIZATION, at=at)
            if (manager_id, ends_at) != (membership.manager_id, membership.ends_at):
                with tx.change(MEMBERSHIP, membership, "change", at=at):
                    membership.change(manager_id=manager_id, ends_at=ends_at, by_platform=by_platform, at=at)
            await require_managed(tx, organization_id, had=had and not self.authority.is_of_the_platform(actor), at=at)
            roles = await tx.limited_holders.lock(subject_id)
            return MemberView(
                organization_id,
                subject_id,
                membership.joined_at,
                membership.ends_at,
                membership.manager_id,
                membership.version,
                roles.roles_of(organization_id) if roles else (),
            )

    async def _decides_for_platform(self, tx: Transaction, actor: Actor, organization_id: UUID) -> bool:
        """Return whether a manager whom the actor sets may decide about roles of the platform in access reviews."""
        if not self.authority.is_of_the_platform(actor):
            return False
        organization = await tx.organizations.find(organization_id)
        return organization is not None and organization.kind is OrganizationKind.INTERNAL


async def _require_may_set_manager(
    tx: Transaction, actor: Actor, organization_id: UUID, subject_id: UUID, *, by_platform: bool, at: datetime
) -> None:
    """Raise OwnMembership or BeyondAuthority: a manager confirms or withdraws roles in access reviews."""
    if actor.user_id == subject_id:
        raise OwnMembership(field="manager_id", subject_id=subject_id)
    await require_authority_within(tx, actor, subject_id, organization_id=organization_id, at=at)
    if by_platform:
        await require_authority_over(tx, actor, subject_id, at=at)


async def _require_manager(tx: Transaction, organization_id: UUID, subject_id: UUID, manager_id: UUID, *, at: datetime) -> None:
    if manager_id == subject_id:
        raise OwnManager(field="manager_id", subject_id=subject_id)
    manager = await tx.memberships.find(organization_id, manager_id)
    if manager is None or manager.is_over(at):
        raise NoMember(field="manager_id", subject_id=manager_id)
    if subject_id in await tx.memberships.managers_above(organization_id, manager_id):
        raise OwnManager(field="manager_id", subject_id=subject_id)
