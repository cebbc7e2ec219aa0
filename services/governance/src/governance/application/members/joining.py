"""What happens in one transaction when a person joins an organization, gets roles for it, or leaves it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from governance.application.members.audit import MEMBERSHIP
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.application.ports.transaction import Transaction
from governance.application.role_assignments import audit
from governance.application.role_assignments.limited import revoke_limited
from governance.application.separations.duties import require_separate_duties
from governance.application.standings.authority import require_authority_within, require_own_permissions
from governance.application.teams.audit import team_with
from governance.domain.errors import BeyondOwnMembership, LastOrganizationAdministrator, UnknownOrganization, UnknownRole
from governance.domain.limited_role import LimitedAssignment, LimitedHolder
from governance.domain.limits import Limits
from governance.domain.membership import Membership
from kernel.actor import Actor
from kernel.errors import NotFound


async def join_organization(
    tx: Transaction, *, organization_id: UUID, subject_id: UUID, ends_at: datetime | None, at: datetime, reason: str | None
) -> Membership:
    """Make a person a member, unless they are one now. Raise UnknownOrganization, OrganizationClosed or InvalidValue."""
    organization = await tx.organizations.share(organization_id)
    if organization is None:
        raise UnknownOrganization(field="organization_id", organization_id=organization_id)
    organization.require_active()
    if found := await tx.memberships.lock(organization_id, subject_id):
        if not found.is_over(at):
            return found
        await end_membership(tx, found, verb="expire", at=at, reason="its end has come")
    membership = Membership.begin(organization_id, subject_id, ends_at=ends_at, at=at)
    tx.memberships.add(membership)
    tx.create(MEMBERSHIP, membership, "begin", at=at, reason=reason)
    return membership


async def give_roles(
    tx: Transaction,
    *,
    giver: Actor,
    membership: Membership,
    roles: Collection[str],
    at: datetime,
    reason: str | None,
) -> None:
    """Give a member exactly these roles for the organization as a whole, and revoke the others of that kind.

    Roles with dates, or for a team, stay. The caller holds the guard. Raise UnknownRole, RetiredRole, BeyondOwnPermissions if a
    role permits what the giver may not do in the organization, BeyondOwnMembership, BeyondAuthority, DutiesNotSeparated, or
    LastOrganizationAdministrator.
    """
    organization_id, subject_id = membership.organization_id, membership.subject_id
    hierarchy = await tx.roles.hierarchy()
    limits = Limits(organization_id)
    holder = await tx.limited_holders.lock(subject_id)
    held = {each.role: each for each in holder.assignments.values() if each.limits == limits} if holder else {}
    if set(roles) - held.keys():
        await require_lasting(tx, giver, organization_id, ends_at=membership.ends_at, at=at)
    if changed := held.keys() ^ set(roles):
        for name in sorted(changed):
            found = hierarchy.find(name)
            if found is None:
                raise UnknownRole(field="roles", role=name)
            if name not in held:
                found.require_active()
            permitted = hierarchy.permission_names(name)
            await require_own_permissions(tx, giver, name, permitted, at=at, organization_id=organization_id)
        await require_authority_within(tx, giver, subject_id, organization_id=organization_id, at=at)
    for name in sorted(held.keys() - set(roles)):
        if holder:
            revoke_limited(tx, holder, held[name], "revoke", at=at, reason=reason)
    for name in sorted(set(roles) - held.keys()):
        if holder is None:
            holder = LimitedHolder.register(subject_id)
            tx.limited_holders.add(holder)
        await _grant(tx, holder, name, limits, giver=giver, at=at, reason=reason)


async def require_lasting(
    tx: Transaction, giver: Actor, organization_id: UUID, *, ends_at: datetime | None, at: datetime
) -> None:
    """Raise BeyondOwnMembership if a membership would last longer than the giver's own.

    Callers who manage all organizations need not be members.
    """
    own = await tx.memberships.find(organization_id, giver.user_id)
    if own is None or own.ends_at is None or (ends_at is not None and ends_at <= own.ends_at):
        return
    if MANAGE_ORGANIZATION not in await tx.holders.permissions_of(giver.user_id, at=at):
        raise BeyondOwnMembership(field="ends_at", ends_at=own.ends_at)


async def end_membership(
    tx: Transaction, membership: Membership, *, verb: str, actor: Actor | None = None, at: datetime, reason: str | None
) -> None:
    """End a membership with all roles of the person for the organization and its teams."""
    limited = await tx.limited_holders.lock(membership.subject_id)
    for assignment in _of(limited, membership.organization_id):
        if limited:
            revoke_limited(tx, limited, assignment, "revoke", at=at, reason=reason)
    for team in await tx.teams.lock_of(membership.organization_id, membership.subject_id):
        with tx.change(team_with(membership.subject_id), team, "drop_member", at=at, reason=reason, actor=actor):
            team.drop(membership.subject_id)
    for report in await tx.memberships.managed_by(membership.organization_id, membership.subject_id):
        with tx.change(MEMBERSHIP, report, "change", at=at, reason="the manager has left", actor=actor):
            report.change(manager_id=None, ends_at=report.ends_at, at=at)
    with tx.change(MEMBERSHIP, membership, verb, at=at, reason=reason, actor=actor):
        membership.end(at=at)
    await tx.memberships.remove(membership)


async def require_managed(tx: Transaction, organization_id: UUID, *, had: bool, at: datetime) -> None:
    """Raise LastOrganizationAdministrator if no member can manage the organization any more, and one could before."""
    if had and not await tx.memberships.can_be_managed(organization_id, MANAGE_ORGANIZATION, at=at):
        raise LastOrganizationAdministrator(organization_id=organization_id)


async def lock_member(tx: Transaction, organization_id: UUID, subject_id: UUID, *, at: datetime) -> Membership:
    """Lock a membership. Raise NotFound, also if its end has come."""
    found = await tx.memberships.lock(organization_id, subject_id)
    if found and not found.is_over(at):
        return found
    raise NotFound(organization_id=organization_id, subject_id=subject_id)


def _of(holder: LimitedHolder | None, organization_id: UUID) -> list[LimitedAssignment]:
    assignments = holder.assignments if holder else {}
    return [each for _, each in sorted(assignments.items()) if each.organization_id == organization_id]


async def _grant(
    tx: Transaction, holder: LimitedHolder, role: str, limits: Limits, *, giver: Actor, at: datetime, reason: str | None
) -> None:
    with tx.change(audit.limited_assignment_of(role, limits.organization_id), holder, "grant", at=at, reason=reason):
        assignment = holder.grant(role, limits, by=giver.subject_id, at=at, reason=reason)
    await require_separate_duties(tx, holder.subject_id, assignment_id=assignment.id, role=role, ends_at=None, at=at)
