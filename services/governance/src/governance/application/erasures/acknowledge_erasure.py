from dataclasses import dataclass
from datetime import datetime

from governance.application.members.joining import end_membership
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.role_assignments.audit import assignment_of
from governance.application.role_assignments.limited import revoke_limited
from governance.application.separation_exceptions.audit import EXCEPTION
from governance.domain.role_holder import RoleHolder
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.erasures import ErasureRequest, acknowledge_erasure


@dataclass(frozen=True, slots=True)
class AcknowledgeErasure:
    """Delete the roles and memberships of an erased subject with their records, and acknowledge the erasure to identity.

    Of access reviews, the texts about the person are deleted; the rest stays under the subject's id, as the signed reports have
    it. Governance stores only a subject's id. A repeated request is acknowledged again. The last administrator is no exception:
    identity asked (DisableSubject) before it closed the user account, and a closed user account cannot manage roles.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, request: ErasureRequest) -> None:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Take the guard first, as everywhere: no other transaction may count this subject as a manager until the commit.
            await tx.standings.guard()
            holder = await tx.holders.lock(request.user_id)
            if holder:
                _revoke_all(tx, holder, at)
            limited = await tx.limited_holders.lock(request.user_id)
            for assignment in list(limited.assignments.values()) if limited else ():
                if limited:
                    revoke_limited(tx, limited, assignment, "revoke", at=at, reason="erased")
            for exception in await tx.separation_exceptions.lock_all_of(request.user_id):
                with tx.change(EXCEPTION, exception, "end", at=at, reason="erased"):
                    exception.end(by=actor.subject_id, at=at)
            for membership in await tx.memberships.lock_of(request.user_id):
                await end_membership(tx, membership, verb="end", at=at, reason="erased")
            await tx.access_reviews.forget_reasons(request.user_id)
            acknowledge_erasure(tx, request, context="governance", at=at)


def _revoke_all(tx: Transaction, holder: RoleHolder, at: datetime) -> None:
    for role in holder.roles:
        with tx.change(assignment_of(role), holder, "revoke", at=at, reason="erased"):
            holder.revoke(role, at=at)
