"""The checks that nobody gets both duties of a separation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.application.ports.transaction import Transaction
from governance.domain.errors import DutiesNotSeparated
from governance.domain.role_hierarchy import RoleHierarchy
from governance.domain.separation import DutyConflict

_PEOPLE_NAMED_MAX: Final = 20


async def require_separate_duties_of_roles(
    tx: Transaction, hierarchy: RoleHierarchy, *, before: Mapping[str, frozenset[str]], at: datetime
) -> None:
    """Raise DutiesNotSeparated if a changed definition joins both duties, in a role or in a person who has several.

    `before` is what each changed role, and each role that includes it, permitted. What was joined before stays: only what the
    change adds is refused.
    """
    separations = await tx.separations.in_force()
    if not separations:
        return
    gained = {name: hierarchy.permission_names(name) - permitted for name, permitted in before.items()}
    for separation in separations:
        duties = {separation.first, separation.second}
        changed = sorted(name for name, permissions in gained.items() if permissions & duties)
        joined = [name for name in changed if separation.joined_by(hierarchy, name) and not duties <= before.get(name, set())]
        if joined:
            raise DutiesNotSeparated(separation=separation.name, roles=joined)
        conflicts = await tx.separations.conflicts_by(separation.name, changed, at=at, limit=_PEOPLE_NAMED_MAX)
        if conflicts:
            people = sorted({str(conflict.subject_id) for conflict in conflicts})
            raise DutiesNotSeparated(separation=separation.name, roles=changed, people=people)


async def require_separate_duties(
    tx: Transaction, subject_id: UUID, *, assignment_id: UUID, role: str, ends_at: datetime | None, at: datetime
) -> tuple[UUID, ...]:
    """Raise DutiesNotSeparated if a new assignment gives a person both duties of a separation.

    Return the exceptions that permit it: the assignment ends with each of them. Without an end, none permits it.
    """
    separations = {separation.name: separation for separation in await tx.separations.in_force()}
    if not separations:
        return ()
    conflicts = await tx.separations.conflicts_of(subject_id, assignment_id=assignment_id, at=at)
    if not conflicts:
        return ()
    exceptions = await tx.separation_exceptions.approved_of(subject_id)
    used: dict[UUID, None] = {}
    for conflict in conflicts:
        separation = separations[conflict.separation]
        permitting = next((each for each in exceptions if each.permits(separation, ends_at=ends_at, at=at)), None)
        if permitting is None:
            raise DutiesNotSeparated(field="role", separation=conflict.separation, roles=_roles(conflict, role))
        used[permitting.id] = None
    return tuple(used)


def _roles(conflict: DutyConflict, role: str) -> list[str]:
    return sorted({conflict.first_role, conflict.second_role, role})
