from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import UnitOfWork
from governance.application.standings import audit
from governance.application.standings.views import StandingView, StandingViews
from governance.domain.standing import Standing
from kernel.actor import Actor
from kernel.clock import Clock

# The most users that identity answers about in one request.
BATCH: Final = 500
# Identity asks before it disables a user, and commits within seconds of the answer. Until then its answers may be older than
# the record.
ASKED_LATELY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ReconcileStandings:
    """Ask identity about every user with more than the default role, and correct the standings that differ.

    This finds users who were suspended before standings were recorded, and users whom identity did not suspend after governance
    had agreed.
    """

    uow: UnitOfWork
    views: StandingViews
    subjects: Subjects
    clock: Clock

    async def __call__(self, *, actor: Actor) -> int:
        """Return how many records were corrected. Raise Unavailable if identity does not answer."""
        corrected, after = 0, UUID(int=0)
        while found := await self.views.standings_beyond_default(after=after, limit=BATCH):
            active = await self.subjects.active_of([view.subject_id for view in found])
            for view in found:
                is_able = view.subject_id in active
                if is_able != view.is_able and await self._correct(actor, view, is_able=is_able):
                    corrected += 1
            after = found[-1].subject_id
        return corrected

    async def _correct(self, actor: Actor, view: StandingView, *, is_able: bool) -> bool:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            recorded = await tx.standings.find(view.subject_id)
            if (recorded.recorded_at if recorded else None) != view.recorded_at:
                # The record changed after it was read, so identity's answer may be older.
                return False
            if is_able and recorded and at - recorded.recorded_at < ASKED_LATELY:
                return False
            standing = recorded or Standing.unrecorded(view.subject_id, at=at)
            if recorded is None:
                tx.standings.add(standing)
            with tx.change(audit.STANDING, standing, "correct", at=at):
                standing.correct(is_able=is_able, at=at)
            return True
