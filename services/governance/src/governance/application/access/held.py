"""What a person may do by the changes of a transaction."""

from collections.abc import Sequence
from uuid import UUID

from governance.application.ports.transaction import Transaction
from governance.domain.access import HeldRole, PermissionAccess, access_of


async def held_access(tx: Transaction, subject_id: UUID) -> Sequence[PermissionAccess]:
    # First, because it sends the changes that the other reads must see.
    hierarchy = await tx.roles.hierarchy()
    holder = await tx.holders.lock(subject_id)
    limited = await tx.limited_holders.lock(subject_id)
    if holder:
        held = [HeldRole(role, assignment_id=each.id) for role, each in sorted(holder.assignments.items())]
    else:
        held = [HeldRole((await tx.roles.default()).name)]
    if limited:
        held += [HeldRole(each.role, each.limits, each.id) for _, each in sorted(limited.assignments.items())]
    return access_of(held, hierarchy)
