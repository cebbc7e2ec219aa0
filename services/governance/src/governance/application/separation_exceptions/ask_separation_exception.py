from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import UnitOfWork
from governance.application.separation_exceptions import audit
from governance.application.separation_exceptions.views import SeparationExceptionView
from governance.domain.errors import InactiveSubject
from governance.domain.separation import SeparationException
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class AskSeparationException:
    """Ask that one person may have both duties of a separation until a time. Another person approves it."""

    uow: UnitOfWork
    subjects: Subjects
    clock: Clock

    async def __call__(
        self, *, actor: Actor, separation: str, subject_id: UUID, expires_at: datetime, reason: str
    ) -> SeparationExceptionView:
        """Raise NotFound for an unknown or withdrawn separation, UnknownSubject, InactiveSubject, or InvalidValue."""
        if not await self.subjects.is_active(subject_id):
            raise InactiveSubject(field="subject_id", subject_id=subject_id)
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            found = await tx.separations.find(separation)
            if found is None or found.is_withdrawn:
                raise NotFound(separation=separation)
            at = self.clock.now()
            exception = SeparationException.ask(
                found, subject_id, reason=reason, expires_at=expires_at, by=actor.subject_id, at=at
            )
            tx.separation_exceptions.add(exception)
            tx.create(audit.EXCEPTION, exception, "ask", at=at, reason=reason)
            return SeparationExceptionView.of(exception)
