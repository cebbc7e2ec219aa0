"""Actors may not grant permissions that they lack, nor change a role or user with such permissions (like Kubernetes RBAC).

The check reads the tables, in the transaction of the change and under the guard, because a token may be out of date. What a
person may do in one organization counts for neither side: it is no authority over others, and none that support lacks. Roles that
start later count for the person acted on, or a planned administrator could be disabled by those who may not disable one.
The platform's own work is exempt.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from governance.application.ports.transaction import Transaction
from governance.domain.errors import BeyondAuthority, BeyondOwnPermissions
from kernel.actor import Actor, ActorKind


async def require_authority_over(tx: Transaction, actor: Actor, subject_id: UUID, *, at: datetime) -> None:
    """Raise BeyondAuthority if the subject has permissions that the actor lacks. Equals may act on each other."""
    if actor.kind is not ActorKind.SERVICE:
        await require_authority_of(tx, actor.user_id, subject_id, at=at)


async def require_authority_of(tx: Transaction, actor_id: UUID, subject_id: UUID, *, at: datetime) -> None:
    """Do the same for a user who acts in identity."""
    if actor_id == subject_id:
        return
    theirs = await tx.holders.permissions_of(subject_id, at=at, planned=True)
    if beyond := theirs - await tx.holders.permissions_of(actor_id, at=at):
        raise BeyondAuthority(subject_id=subject_id, permissions=sorted(beyond))


async def require_authority_within(
    tx: Transaction, actor: Actor, subject_id: UUID, *, organization_id: UUID, at: datetime
) -> None:
    """Raise BeyondAuthority if the subject has, by roles for an organization, permissions there that the actor lacks there.

    What the subject may do elsewhere does not count: administrators of an organization manage all its members.
    """
    if actor.kind is ActorKind.SERVICE or actor.user_id == subject_id:
        return
    theirs = await tx.holders.permissions_within(subject_id, organization_id, at=at, planned=True)
    if beyond := theirs - await _own_within(tx, actor, organization_id, at):
        raise BeyondAuthority(subject_id=subject_id, permissions=sorted(beyond))


async def require_own_permissions(
    tx: Transaction,
    actor: Actor,
    role: str,
    permissions: Collection[str],
    *,
    at: datetime,
    until: datetime | None = None,
    organization_id: UUID | None = None,
) -> None:
    """Raise BeyondOwnPermissions if the actor lacks a permission that the role has or would get.

    What the actor has for a time counts only for what ends with it: `until` is the end of what is given, None if it has none.
    With an organization, what the actor may do there counts too: the role is for it alone.
    """
    if actor.kind is ActorKind.SERVICE:
        return
    own = await tx.holders.permissions_of(actor.user_id, at=at, lasting=True, until=until)
    if organization_id:
        own |= await tx.holders.permissions_within(actor.user_id, organization_id, at=at, lasting=True, until=until)
    if beyond := frozenset(permissions) - own:
        raise BeyondOwnPermissions(role=role, permissions=sorted(beyond))


async def _own_within(tx: Transaction, actor: Actor, organization_id: UUID, at: datetime) -> frozenset[str]:
    everywhere = await tx.holders.permissions_of(actor.user_id, at=at)
    return everywhere | await tx.holders.permissions_within(actor.user_id, organization_id, at=at)
