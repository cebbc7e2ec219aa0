from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.bulk_transfers import audit as bulk_audit
from payments.application.ports.authority import Standings
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.schedules import audit as schedule_audit
from payments.domain.bulk import BulkStatus
from payments.domain.schedule import Schedule, ScheduleStatus
from payments.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class StopPayer:
    """Stop what a user who may not act has waiting: files are cancelled, schedules pause, or end if the account is closed.

    Identity is asked how the user stands now, so that news which come late, twice or out of order stop nobody who may act.
    The user resumes a paused schedule, once active again; what fell into the pause is left out.
    """

    uow: UnitOfWork
    standings: Standings
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID) -> None:
        """Raise Unavailable when identity does not answer."""
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


async def pause_schedules(tx: Transaction, user_id: UUID, *, reason: str, at: datetime) -> None:
    """Pause the active ones; those that their payer paused stay as they are."""
    found = await tx.schedules.lock(await tx.schedules.open_of(user_id))
    paused = [schedule for schedule in found if schedule.status is ScheduleStatus.ACTIVE]
    for schedule in paused:
        before = schedule_audit.state(schedule)
        schedule.pause(at, reason=reason)
        tx.record(schedule_audit.changed(schedule, "pause", before=before, at=at, reason=reason))
    await _save(tx, paused)


async def cancel_schedules(tx: Transaction, user_id: UUID, *, reason: str, at: datetime) -> None:
    """Nobody is left to stop them."""
    found = await tx.schedules.lock(await tx.schedules.open_of(user_id))
    ended = [schedule for schedule in found if schedule.is_open]
    for schedule in ended:
        before = schedule_audit.state(schedule)
        schedule.cancel(at, reason=reason)
        tx.record(schedule_audit.changed(schedule, "cancel", before=before, at=at, reason=reason))
    await _save(tx, ended)


async def cancel_bulks(tx: Transaction, user_id: UUID, *, reason: str, at: datetime) -> None:
    """Cancel those that wait, and stop those that run before their next chunk."""
    for bulk_id in await tx.bulks.open_of(user_id):
        found = await tx.bulks.lock(bulk_id)
        if found is None or not found[0].status.is_open or found[0].status is BulkStatus.CANCELLING:
            continue
        bulk, before = found[0], bulk_audit.state(found[0])
        bulk.cancel(reason, at)
        await tx.bulks.save(bulk)
        tx.record(bulk_audit.changed(bulk, "cancel", before=before, at=at))
        for event in bulk.collect():
            tx.announce(event)


async def _save(tx: Transaction, schedules: list[Schedule]) -> None:
    for schedule in schedules:
        for event in schedule.collect():
            tx.announce(event)
    await tx.schedules.save(schedules)
