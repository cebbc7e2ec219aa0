from dataclasses import dataclass
from datetime import timedelta

from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import audit
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class SignOut:
    """End the caller's own session; its refresh token is dead at once, its access token as soon as gateways hear."""

    uow: UnitOfWork
    revocations: Revocations
    clock: Clock
    access_token_life: timedelta

    async def __call__(self, *, actor: Actor) -> None:
        """Signing out of a session that is over changes nothing. Raises NotFound for a session that never was."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            session = await tx.sessions.lock(actor.session_id) if actor.session_id else None
            if session is None or session.user_id != actor.user_id:
                raise NotFound(session_id=actor.session_id)
            if session.is_live:
                before = audit.session_state(session)
                session.end(EndReason.SIGNED_OUT, at=at, access_token_life=self.access_token_life)
                tx.record_bounded(audit.session_ended(session, before=before, at=at), account=session.user_id)
            ended_at = session.ended_at or at
        await self.revocations.try_add(session.id, ended_at=ended_at)
