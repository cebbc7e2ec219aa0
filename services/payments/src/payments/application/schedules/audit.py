"""The audit facts of schedules."""

from dataclasses import replace

from kernel.audit import Audited, State
from kernel.reads import ReadOfOthers
from payments.application.schedules.views import ScheduleView
from payments.domain.schedule import OnClosedDay, Schedule


def _state(schedule: Schedule) -> State:
    shown: dict[str, object] = {
        "status": schedule.status.value,
        "succeeded": schedule.succeeded,
        "failed": schedule.failed,
        "next_number": schedule.next_number,
    }
    if schedule.last_code:
        shown["last_code"] = schedule.last_code
    if schedule.order.on_closed_day is not OnClosedDay.AS_PLANNED:
        shown |= _closed_day(schedule)
    return shown


def _closed_day(schedule: Schedule) -> dict[str, object]:
    planned, due = schedule.order.due(schedule.next_number), schedule.next_at
    shown = {"on_closed_day": schedule.order.on_closed_day.value}
    if planned and due:
        shown |= {"next_planned_at": planned.isoformat(), "next_at": due.isoformat()}
    return dict(shown)


def _related(schedule: Schedule) -> tuple[str, ...]:
    return str(schedule.order.source_id), str(schedule.order.target_id), str(schedule.initiator_id)


SCHEDULE = Audited(
    action="payments.schedule",
    resource_type="schedule",
    id_of=lambda schedule: schedule.id,
    state=_state,
    related=_related,
)


def _planned_state(schedule: Schedule) -> State:
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
    return {**asked, **_state(schedule)}


# A new schedule: its order as well as its changing fields.
PLANNED_SCHEDULE = replace(SCHEDULE, state=_planned_state)


def read(schedule: ScheduleView, verb: str) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.schedule.{verb}", resource_id=str(schedule.id), owners=(schedule.initiator_id,))
