from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.end_session import ACCESS_TOKEN_LIFE_MAX
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock

BATCH: Final = 200
_BATCHES_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class EndOverdueSessions:
    """End sessions that are idle or expired, so that lists of sessions are correct.

    Refreshing refuses them in any case. Access tokens live shorter than the idle time, so there are none to revoke.
    """

    uow: UnitOfWork
    clock: Clock
    idle_for: timedelta

    async def __call__(self) -> int:
        """Return how many were ended. The next run ends the rest."""
        ended = 0
        for _ in range(_BATCHES_MAX):
            count = await self._end_batch()
            ended += count
            if count < BATCH:
                break
        return ended

    async def _end_batch(self) -> int:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            sessions = await tx.sessions.lock_overdue(at=at, idle_for=self.idle_for, limit=BATCH)
            for session in sessions:
                reason = session.overdue(at=at, idle_for=self.idle_for) or EndReason.EXPIRED
                with tx.change(audit.SESSION, session, "end", at=at, reason=reason.value):
                    session.end(reason, at=at, access_token_life=ACCESS_TOKEN_LIFE_MAX)
        return len(sessions)
