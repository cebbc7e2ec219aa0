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


async def require_own_permissions(
    tx: Transaction, actor: Actor, role: str, permissions: Collection[str], *, at: datetime
) -> None:
    """Raise BeyondOwnPermissions if the actor lacks a permission that the role has or would get."""
    if actor.kind is ActorKind.SERVICE:
        return
    if beyond := frozenset(permissions) - await tx.holders.permissions_of(actor.user_id, at=at):
        raise BeyondOwnPermissions(role=role, permissions=sorted(beyond))
