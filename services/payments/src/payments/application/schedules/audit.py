"""The audit facts of schedules."""

from datetime import datetime

from kernel.audit import AuditFact, State
from kernel.reads import ReadOfOthers
from payments.application.schedules.views import ScheduleView
from payments.domain.schedule import Schedule


def planned(schedule: Schedule) -> AuditFact:
    order = schedule.order
    asked: dict[str, object] = {
        "amount": order.amount.text,
        "currency": order.amount.currency.code,
        "frequency": order.frequency.value,
        "starts_at": order.starts_at.isoformat(),
    }
    if order.ends_on:
        asked["ends_on"] = order.ends_on.isoformat()
    if order.occurrences_max:
        asked["occurrences_max"] = order.occurrences_max
    return _fact(schedule, "plan", after={**asked, **state(schedule)}, at=schedule.created_at)


def changed(schedule: Schedule, verb: str, *, before: State, at: datetime, reason: str | None = None) -> AuditFact:
    return _fact(schedule, verb, before=before, after=state(schedule), at=at, reason=reason)


def state(schedule: Schedule) -> State:
    told: dict[str, object] = {
        "status": schedule.status.value,
        "succeeded": schedule.succeeded,
        "failed": schedule.failed,
        "next_number": schedule.next_number,
    }
    if schedule.last_code:
        told["last_code"] = schedule.last_code
    return told


def _fact(
    schedule: Schedule, verb: str, *, after: State, at: datetime, before: State | None = None, reason: str | None = None
) -> AuditFact:
    order = schedule.order
    return AuditFact(
        action=f"payments.schedule.{verb}",
        resource_type="schedule",
        resource_id=str(schedule.id),
        occurred_at=at,
        before=before,
        after=after,
        reason=reason,
        related_ids=(str(order.source_id), str(order.target_id), str(schedule.initiator_id)),
    )


def read(schedule: ScheduleView, verb: str) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.schedule.{verb}", resource_id=str(schedule.id), owners=(schedule.initiator_id,))
