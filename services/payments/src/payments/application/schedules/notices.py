"""The notices of schedules."""

from datetime import datetime

from kernel.notices import NoticeRequested, Recipient
from payments.domain.limits import NAMIBIA
from payments.domain.schedule import Run, Schedule


def planned_transfer_refused(schedule: Schedule, run: Run, *, at: datetime) -> NoticeRequested:
    """Tell the payer that a planned transfer was not made."""
    return NoticeRequested(
        occurred_at=at,
        template="payments.planned_transfer_refused",
        recipient=Recipient.person(schedule.initiator_id),
        key=f"schedule:{schedule.id}:{run.number}",
        facts={
            "amount": f"{schedule.order.amount.text} {schedule.order.amount.currency.code}",
            "due_on": run.due_at.astimezone(NAMIBIA).date().isoformat(),
            "reason": run.message or "",
            "schedule_id": str(schedule.id),
        },
    )
