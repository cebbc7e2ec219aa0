from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.separation_exceptions import audit
from governance.application.separation_exceptions.views import SeparationExceptionView
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ApproveSeparationException:
    """Approve an exception that another person asked for. Approving it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, exception_id: UUID, reason: str | None = None) -> SeparationExceptionView:
        """Raise NotFound, OwnException for the person who asked or is concerned, or EndedException."""
        async with self.uow.begin(actor) as tx:
            exception = await tx.separation_exceptions.lock(exception_id)
            if exception is None:
                raise NotFound(exception_id=exception_id)
            at, by = self.clock.now(), actor.subject_id
            exception.require_approvable(by=by, at=at)
            if not exception.approved_at:
                with tx.change(audit.EXCEPTION, exception, "approve", at=at, reason=reason):
                    exception.approve(by=by, at=at)
            return SeparationExceptionView.of(exception)
