from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments.limited import revoke_limited
from governance.application.separation_exceptions import audit
from governance.application.separation_exceptions.views import SeparationExceptionView
from governance.application.standings.authority import require_authority_over
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class EndSeparationException:
    """Reject an exception, or end it before it expires. The assignments that it permitted are revoked with it."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, exception_id: UUID, reason: str) -> SeparationExceptionView:
        """Raise NotFound or BeyondAuthority. Ending it again changes nothing."""
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            exception = await tx.separation_exceptions.lock(exception_id)
            if exception is None:
                raise NotFound(exception_id=exception_id)
            if not exception.is_ended:
                at = self.clock.now()
                await require_authority_over(tx, actor, exception.subject_id, at=at)
                with tx.change(audit.EXCEPTION, exception, "end", at=at, reason=reason):
                    exception.end(by=actor.subject_id, at=at)
                holder = await tx.limited_holders.lock(exception.subject_id)
                for assignment in list(holder.assignments.values()) if holder else ():
                    if holder and exception_id in assignment.exception_ids:
                        revoke_limited(tx, holder, assignment, "revoke", at=at, reason=reason)
            return SeparationExceptionView.of(exception)
