"""Schedules whose next occurrence follows the calendar as it is now."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kernel.business_time import BusinessCalendar
from payments.application.ports.unit_of_work import Transaction
from payments.application.schedules import audit
from payments.domain.schedule import Schedule


async def align(tx: Transaction, schedule_ids: Sequence[UUID], calendar: BusinessCalendar, at: datetime) -> int:
    """Lock schedules and move their next occurrences to where the calendar has them. Return how many moved."""
    changed: list[Schedule] = []
    moved = 0
    for schedule in await tx.schedules.lock(schedule_ids):
        if schedule.moves(calendar):
            with tx.change(audit.SCHEDULE, schedule, "move", at=at):
                schedule.align(calendar, at)
            moved += 1
        elif not schedule.is_aligned(calendar):
            schedule.align(calendar, at)
        else:
            continue
        changed.append(schedule)
    await tx.schedules.save(changed)
    return moved
