"""Stop a payer's schedules and files, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from kernel.approvals import ApprovalState
from payments.application.bulk_transfers import audit as bulk_audit
from payments.application.bulk_transfers.approval import KIND
from payments.application.ports.unit_of_work import Transaction
from payments.application.schedules import audit as schedule_audit
from payments.domain.bulk import BulkStatus
from payments.domain.schedule import ScheduleStatus


async def pause_schedules(tx: Transaction, user_id: UUID, *, reason: str, at: datetime) -> None:
    """Pause the active schedules. Those that the payer paused do not change."""
    found = await tx.schedules.lock(await tx.schedules.open_of(user_id))
    active = [schedule for schedule in found if schedule.status is ScheduleStatus.ACTIVE]
    for schedule in active:
        with tx.change(schedule_audit.SCHEDULE, schedule, "pause", at=at, reason=reason):
            schedule.pause(at, reason=reason)
    await tx.schedules.save(active)


async def cancel_schedules(tx: Transaction, user_id: UUID, *, reason: str, at: datetime) -> None:
    """Cancel all schedules that have not ended: there is no user left to stop them."""
    found = await tx.schedules.lock(await tx.schedules.open_of(user_id))
    running = [schedule for schedule in found if schedule.is_open]
    for schedule in running:
        with tx.change(schedule_audit.SCHEDULE, schedule, "cancel", at=at, reason=reason):
            schedule.cancel(at, reason=reason)
    await tx.schedules.save(running)


async def cancel_bulks(tx: Transaction, user_id: UUID, *, reason: str, at: datetime) -> None:
    """Cancel the waiting files, and stop the running ones before their next chunk."""
    for bulk_id in await tx.bulks.open_of(user_id):
        found = await tx.bulks.lock(bulk_id)
        if found is None or not found[0].status.is_open or found[0].status is BulkStatus.CANCELLING:
            continue
        bulk = found[0]
        with tx.change(bulk_audit.BULK, bulk, "cancel", at=at, reason=reason):
            bulk.cancel(reason, at)
        await tx.bulks.save(bulk)
        await tx.approvals.close_of(KIND, [bulk_id], ApprovalState.WITHDRAWN, at=at)
