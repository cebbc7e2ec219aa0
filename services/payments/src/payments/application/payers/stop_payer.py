from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.payers.planned_payments import cancel_bulks, cancel_schedules, pause_schedules
from payments.application.ports.payer_rights import Standings
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class StopPayer:
    """Stop the pending payments of a user who may not act: cancel files and pause schedules, or end them for a closed account.

    Ask identity for the user's current standing, so that a late, duplicate or reordered event stops nobody who may act.
    Once active again, the user resumes a paused schedule; occurrences during the pause are skipped.
    """

    uow: UnitOfWork
    standings: Standings
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID) -> None:
        """Raise Unavailable if identity does not answer."""
        standing = (await self.standings.standings({user_id}))[user_id]
        refusal = standing.refusal
        if refusal is None:
            return
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            if standing is Standing.CLOSED:
                await cancel_schedules(tx, user_id, reason=refusal.message, at=at)
            else:
                await pause_schedules(tx, user_id, reason=refusal.message, at=at)
            await cancel_bulks(tx, user_id, reason=refusal.message, at=at)
