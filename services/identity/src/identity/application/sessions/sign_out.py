from dataclasses import dataclass
from functools import partial

from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import SessionEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class SignOut:
    """End the caller's session. Its refresh token is refused at once, its access token as soon as gateways know."""

    uow: UnitOfWork
    end_session: SessionEnder
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor) -> None:
        """Raise NotFound for an unknown session. Signing out of an ended session changes nothing."""
        async with self.uow.begin(actor) as tx:
            session = await tx.sessions.lock(actor.session_id) if actor.session_id else None
            if session is None or session.user_id != actor.user_id:
                raise NotFound(session_id=actor.session_id)
            if session.ended_at:
                # The session may be missing from the list of ended sessions.
                tx.after_commit(partial(self.revocations.try_add, session.id, ended_at=session.ended_at))
            else:
                self.end_session(tx, session, EndReason.SIGNED_OUT, at=self.clock.now())
