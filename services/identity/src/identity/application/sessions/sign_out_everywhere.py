from dataclasses import dataclass

from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SignOutEverywhere:
    """End all of the caller's sessions, or all but the current one. Repeating it changes nothing."""

    uow: UnitOfWork
    end_sessions: UserSessionsEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, keep_current: bool) -> int:
        """Return how many sessions were ended."""
        kept = actor.session_id if keep_current else None
        async with self.uow.begin(actor) as tx:
            return await self.end_sessions(
                tx, actor.user_id, EndReason.SIGNED_OUT_EVERYWHERE, at=self.clock.now(), except_session=kept
            )
