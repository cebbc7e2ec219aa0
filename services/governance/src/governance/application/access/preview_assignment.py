from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from governance.application.access import audit
from governance.application.access.held import held_access
from governance.application.organizations.authority import within
from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.role_assignments.grant_role import grant_role, require_grantable
from governance.application.role_assignments.revoke_role import revoke_role
from governance.domain.access import PermissionAccess
from governance.domain.limits import NO_LIMITS, Limits
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError, InvalidValue
from kernel.reads import Reads, given


class Change(StrEnum):
    GRANT = "grant"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: permissions with their scope and dates. `refusal` is why the change is impossible."""

    gained: Sequence[PermissionAccess]
    lost: Sequence[PermissionAccess]
    refusal: DomainError | None = None


class _Rehearsed(Exception):
    """Ends the transaction of a rehearsal, so that nothing of it stays."""


@dataclass(frozen=True, slots=True)
class PreviewAssignment:
    """Show what would change if a role were granted or revoked. The change is made in a transaction that is rolled back."""

    uow: UnitOfWork
    subjects: Subjects
    reads: Reads
    clock: Clock

    async def __call__(self, *, actor: Actor, change: Change, subject_id: UUID, role: str, limits: Limits = NO_LIMITS) -> Preview:
        if change is Change.REVOKE and not limits.are_none:
            raise InvalidValue(field="change", expected="grant, if limits are given", given=change)
        if subject_id != actor.user_id:
            filters = given(change=change, role=role, organization_id=limits.organization_id)
            await self.reads.record(actor, audit.read_of_access(subject_id, "preview", **filters))
        preview = Preview((), ())
        try:
            if change is Change.GRANT:
                await require_grantable(self.subjects, actor, subject_id, role)
            async with self.uow.begin(within(actor, limits.organization_id)) as tx:
                preview = await self._rehearse(tx, actor, change, subject_id, role, limits)
                await _roll_back()
        except _Rehearsed:
            return preview
        except DomainError as refusal:
            return Preview((), (), refusal)
        return preview

    async def _rehearse(
        self, tx: Transaction, actor: Actor, change: Change, subject_id: UUID, role: str, limits: Limits
    ) -> Preview:
        at = self.clock.now()
        # First, as in every change of roles, or two transactions deadlock.
        await tx.standings.guard()
        before = await held_access(tx, subject_id)
        if change is Change.GRANT:
            await grant_role(tx, actor=actor, subject_id=subject_id, role=role, limits=limits, reason=None, at=at)
        else:
            await revoke_role(tx, actor=actor, subject_id=subject_id, role=role, assignment_id=None, reason=None, at=at)
        after = await held_access(tx, subject_id)
        return Preview(_difference(after, before), _difference(before, after))


async def _roll_back() -> None:
    raise _Rehearsed


def _difference(these: Sequence[PermissionAccess], those: Sequence[PermissionAccess]) -> Sequence[PermissionAccess]:
    """Return the permissions that these give where and when those do not."""
    known = {(access.permission, path.held.limits) for access in those for path in access.paths}
    everywhere = {permission for permission, limits in known if limits.are_none}
    found = []
    for access in these:
        paths = tuple(
            path
            for path in access.paths
            if access.permission not in everywhere and (access.permission, path.held.limits) not in known
        )
        if paths:
            found.append(PermissionAccess(access.permission, paths))
    return found
