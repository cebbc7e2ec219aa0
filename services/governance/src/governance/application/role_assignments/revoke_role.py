from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.role_assignments import audit
from governance.application.role_assignments.held_roles import HeldRoles
from governance.application.standings.authority import require_authority_over
from governance.application.standings.role_management import role_management_kept
from governance.domain.errors import UnknownRole
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Revoke a role of a subject, with limits and without, and return the remaining roles without limits.

    With `assignment_id`, only that assignment is revoked. Revoking it again changes nothing. Raises BeyondAuthority if the
    subject has permissions that the actor lacks, and LastAdministrator if nobody who is able to act could manage roles
    afterwards. Actors may revoke their own roles.

    Identity is not asked: revoking must work for suspended and deleted subjects, and while identity is unavailable.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self, *, actor: Actor, subject_id: UUID, role: str, assignment_id: UUID | None = None, reason: str | None = None
    ) -> tuple[str, ...]:
        async with self.uow.begin(actor) as tx:
            # Take the time under the guard: the events of a subject are in the order of their times.
            await tx.standings.guard()
            return await revoke_role(
                tx,
                actor=actor,
                subject_id=subject_id,
                role=role,
                assignment_id=assignment_id,
                reason=reason,
                at=self.clock.now(),
            )


async def revoke_role(
    tx: Transaction,
    *,
    actor: Actor,
    subject_id: UUID,
    role: str,
    assignment_id: UUID | None,
    reason: str | None,
    at: datetime,
) -> tuple[str, ...]:
    """Revoke a role in a transaction. Another use case rehearses it."""
    async with role_management_kept(tx):
        if not await tx.roles.lock(role):
            raise UnknownRole(field="role", role=role)
        held = await HeldRoles.lock(tx, subject_id)
        if held.is_known:
            await require_authority_over(tx, actor, subject_id, at=at)
        revoked = held.revoke(tx, role, assignment_id=assignment_id, at=at, reason=reason)
        if not revoked and actor.subject_id != str(subject_id):
            # The response shows the subject's roles, and no other audit fact records that they were read.
            tx.record(audit.read_of_roles(subject_id).fact(at=at))
        return held.unlimited.roles if held.unlimited else ()
