"""Scheduled transfers, once or repeated."""

from uuid import UUID

from fastapi import Response

from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    IdempotencyKey,
    Router,
    cursor_of,
    envelope,
    mark_replayed,
)
from kernel.assurance import NONE
from kernel.reads import OTHERS, OWN
from payments.application.schedules.views import ScheduleView
from payments.domain.schedule import Schedule
from payments.interfaces.rest.dependencies import PAYS, App
from payments.interfaces.rest.schemas.schedules import (
    ScheduleRequest,
    ScheduleResponse,
    ScheduleRunResponse,
    UpcomingRunResponse,
)
from payments.interfaces.rest.schemas.transfers import ReasonRequest

schedules = Router(prefix="/transfers/schedules", tags=["scheduled transfers"], moves_money=True)


@schedules.post("", status_code=201, dependencies=[PAYS], idempotency="own", assurance=NONE)
async def plan_transfer(
    body: ScheduleRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[ScheduleResponse]:
    """Schedule a transfer from one of the caller's wallets: once, or daily, weekly or monthly until an end date.

    Each occurrence is made within a minute of its time as a separate transfer, under the rules, roles and funds of that time.
    `on_closed_day` says what happens to an occurrence on a weekend or a public holiday.
    A refused occurrence is recorded and announced, and the schedule continues. The schedule is paused while the payer is
    suspended.
    """
    planned = await app.schedules.plan_transfer(
        actor=actor,
        key=key,
        order=body.order(),
        signature=body.signature.signature() if body.signature else None,
    )
    if planned.replayed:
        mark_replayed(response)
    return _enveloped(planned.schedule)


@schedules.get("", dependencies=[Authenticated], reads=OWN)
async def list_schedules(actor: CurrentActor, cursor: CursorPaging, app: App) -> Envelope[CursorPageOf[ScheduleResponse]]:
    """List the caller's schedules, newest first."""
    return cursor_of(await app.schedules.list_schedules(actor=actor, cursor=cursor), ScheduleResponse.of)


@schedules.get("/{schedule_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_schedule(schedule_id: UUID, actor: CurrentActor, app: App) -> Envelope[ScheduleResponse]:
    """Get a schedule's status and its next due time."""
    return envelope(ScheduleResponse.of(await app.schedules.get_schedule(actor=actor, schedule_id=schedule_id)))


@schedules.get("/{schedule_id}/runs", dependencies=[Authenticated], reads=OTHERS)
async def list_schedule_runs(
    schedule_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App
) -> Envelope[CursorPageOf[ScheduleRunResponse]]:
    """List a schedule's past occurrences with their outcomes, newest first."""
    page = await app.schedules.list_schedule_runs(actor=actor, schedule_id=schedule_id, cursor=cursor)
    return cursor_of(page, ScheduleRunResponse.of)


@schedules.get("/{schedule_id}/upcoming", dependencies=[Authenticated], reads=OTHERS)
async def list_upcoming_runs(
    schedule_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App
) -> Envelope[CursorPageOf[UpcomingRunResponse]]:
    """List a schedule's coming occurrences, the next first: when each is planned and when it is made.

    A schedule that is paused or has ended has none.
    """
    page = await app.schedules.list_upcoming_runs(actor=actor, schedule_id=schedule_id, cursor=cursor)
    return cursor_of(page, UpcomingRunResponse.of)


@schedules.post("/{schedule_id}/pause", dependencies=[PAYS], assurance=NONE)
async def pause_schedule(schedule_id: UUID, actor: CurrentActor, app: App) -> Envelope[ScheduleResponse]:
    """Pause a schedule until it is resumed."""
    return _enveloped(await app.schedules.pause_schedule(actor=actor, schedule_id=schedule_id))


@schedules.post("/{schedule_id}/resume", dependencies=[PAYS], assurance=NONE)
async def resume_schedule(schedule_id: UUID, actor: CurrentActor, app: App) -> Envelope[ScheduleResponse]:
    """Resume a paused schedule from its next occurrence. Occurrences during the pause are skipped."""
    return _enveloped(await app.schedules.resume_schedule(actor=actor, schedule_id=schedule_id))


@schedules.post("/{schedule_id}/cancel", dependencies=[PAYS], assurance=NONE)
async def cancel_schedule(schedule_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[ScheduleResponse]:
    """Cancel a schedule. The transfers that it has made remain."""
    return _enveloped(await app.schedules.cancel_schedule(actor=actor, schedule_id=schedule_id, reason=body.reason))


def _enveloped(schedule: Schedule) -> Envelope[ScheduleResponse]:
    return envelope(ScheduleResponse.of(ScheduleView.of(schedule)))
