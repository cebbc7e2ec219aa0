"""Schedules in hand-written SQL: hundreds of due schedules take a few statements."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from kernel.actor import Actor
from kernel.events import Aggregate
from kernel.money import Money
from kernel.pages import CursorPage, CursorRequest
from payments.application.schedules.views import RunView, ScheduleView
from payments.domain.schedule import OCCURRENCES_MAX, Frequency, OnClosedDay, Run, Schedule, ScheduleStatus, StandingOrder
from payments.infrastructure.sql.actors import PAYER, actor_of, actor_text
from payments.infrastructure.sql.advisory_lock import TAKE_LOCK, lock_number
from payments.infrastructure.sql.transfer_rows import signature_of, signature_text

_ASKED: Final = (
    "id", "initiator_id", "idempotency_key", "source_id", "target_id", "amount", "currency", "description", "reference",
    "frequency", "starts_at", "ends_on", "occurrences_max", "on_closed_day", "created_at", "signature",
    "organization_id",
)  # fmt: skip
_STANDING: Final = (
    "status",
    "next_number",
    "next_at",
    "succeeded",
    "failed",
    "last_code",
    "aligned_to",
    "status_reason",
    "ended_at",
    "version",
)
_COLUMNS: Final = (*_ASKED, *_STANDING)
_READ: Final = ", ".join(_COLUMNS)
_BY_KEY = text(f"SELECT {_READ} FROM schedules WHERE initiator_id = :initiator AND idempotency_key = :key")
_COUNT_OPEN = text("SELECT count(*) FROM schedules WHERE initiator_id = :initiator AND next_at IS NOT NULL")
_OPEN_OF = text("SELECT id FROM schedules WHERE initiator_id = :initiator AND next_at IS NOT NULL ORDER BY id")
_PLACES: Final = ", ".join(
    f"cast(:{name} AS jsonb)" if name in {"signature", "actor"} else f":{name}" for name in (*_COLUMNS, "actor")
)
_ADD = text(f"INSERT INTO schedules ({_READ}, actor) VALUES ({_PLACES})")
_LOCK = text(f"SELECT {_READ} FROM schedules WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_DUE = text(f"SELECT {_READ}, actor FROM schedules WHERE status = 'active' AND next_at <= :at ORDER BY next_at, id LIMIT :limit")
_UNALIGNED = text(
    """
    SELECT id FROM schedules
    WHERE on_closed_day <> 'as_planned' AND next_at IS NOT NULL
      AND aligned_to <> cast(:edition AS text) || ':' || next_number AND id > :after
    ORDER BY id LIMIT :limit
    """
)
_SAVE = text(f"UPDATE schedules SET {', '.join(f'{name} = :{name}' for name in _STANDING)} WHERE id = :id")
_ADD_RUN = text(
    """
    INSERT INTO schedule_runs (schedule_id, number, planned_at, due_at, run_at, transfer_id, code, message)
    VALUES (:schedule_id, :number, :planned_at, :due_at, :run_at, :transfer_id, :code, :message)
    """
)


class SqlScheduleRepository:
    def __init__(self, session: AsyncSession, written: list[Aggregate]) -> None:
        self._session = session
        self._written = written

    async def find_by_key(self, initiator_id: UUID, key: str) -> Schedule | None:
        await self._session.execute(TAKE_LOCK, {"lock": lock_number("schedules", initiator_id)})
        row = (await self._session.execute(_BY_KEY, {"initiator": initiator_id, "key": key})).one_or_none()
        return _schedule(row) if row else None

    async def count_open(self, initiator_id: UUID) -> int:
        return int(await self._session.scalar(_COUNT_OPEN, {"initiator": initiator_id}) or 0)

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        return list(await self._session.scalars(_OPEN_OF, {"initiator": initiator_id}))

    async def add(self, schedule: Schedule, actor: Actor) -> None:
        self._written.append(schedule)
        order = schedule.order
        asked = {
            "id": schedule.id,
            "initiator_id": schedule.initiator_id,
            "idempotency_key": schedule.key,
            "source_id": order.source_id,
            "target_id": order.target_id,
            "amount": order.amount.amount,
            "currency": order.amount.currency.code,
            "description": order.description,
            "reference": order.reference,
            "frequency": order.frequency,
            "starts_at": order.starts_at,
            "ends_on": order.ends_on,
            "occurrences_max": order.occurrences_max,
            "on_closed_day": order.on_closed_day,
            "created_at": schedule.created_at,
            "signature": signature_text(schedule.signature) if schedule.signature else None,
            "organization_id": schedule.organization_id,
        }
        await self._session.execute(_ADD, {**asked, **_standing(schedule), "actor": actor_text(actor)})

    async def lock(self, schedule_ids: Sequence[UUID]) -> Sequence[Schedule]:
        return [_schedule(row) for row in await self._session.execute(_LOCK, {"ids": list(schedule_ids)})]

    async def due(self, at: datetime, *, limit: int) -> Sequence[tuple[Schedule, Actor]]:
        rows = await self._session.execute(_DUE, {"at": at, "limit": limit})
        return [(_schedule(row), actor_of(row.actor)) for row in rows]

    async def unaligned(self, edition: str, *, after: UUID, limit: int) -> Sequence[UUID]:
        return list(await self._session.scalars(_UNALIGNED, {"edition": edition, "after": after, "limit": limit}))

    async def save(self, schedules: Sequence[Schedule], runs: Sequence[tuple[UUID, Run]] = ()) -> None:
        self._written += schedules
        if schedules:
            await self._session.execute(_SAVE, [{"id": schedule.id, **_standing(schedule)} for schedule in schedules])
        if runs:
            await self._session.execute(_ADD_RUN, [_run(schedule_id, run) for schedule_id, run in runs])


def _standing(schedule: Schedule) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name in _STANDING}


def _run(schedule_id: UUID, run: Run) -> dict[str, Any]:
    return {"schedule_id": schedule_id, **{name: getattr(run, name) for name in Run.__slots__}}


def _schedule(row: Any) -> Schedule:
    order = StandingOrder(
        source_id=row.source_id,
        target_id=row.target_id,
        amount=Money.of(row.amount, row.currency),
        frequency=Frequency(row.frequency),
        starts_at=row.starts_at,
        description=row.description,
        reference=row.reference,
        ends_on=row.ends_on,
        occurrences_max=row.occurrences_max,
        on_closed_day=OnClosedDay(row.on_closed_day),
    )
    standing = {name: getattr(row, name) for name in _STANDING} | {"status": ScheduleStatus(row.status)}
    return Schedule(
        id=row.id,
        initiator_id=row.initiator_id,
        key=row.idempotency_key,
        order=order,
        created_at=row.created_at,
        signature=signature_of(row.signature),
        organization_id=row.organization_id,
        **standing,
    )


_VIEWED: Final = ", ".join(ScheduleView.__slots__)
_SCHEDULE = text(f"SELECT {_VIEWED} FROM schedules WHERE id = :id")
_SCHEDULES_OF = text(f"SELECT {_VIEWED} FROM schedules WHERE {PAYER} = :payer AND id < :before ORDER BY id DESC LIMIT :limit")
# The previous release stores no planned time.
_RUN: Final = ", ".join(RunView.__slots__).replace("planned_at", "coalesce(planned_at, due_at)")
_RUNS_OF = text(
    f"""
    SELECT {_RUN} FROM schedule_runs
    WHERE schedule_id = :id AND number < :before ORDER BY number DESC LIMIT :limit
    """
)
_ID: Final = attrgetter("id")
_NUMBER: Final = attrgetter("number")


class SqlScheduleViews(SqlReads):
    async def schedule(self, schedule_id: UUID) -> ScheduleView | None:
        rows = await self._rows(_SCHEDULE, id=schedule_id)
        return _schedule_view(rows[0]) if rows else None

    async def schedules_of(self, payer_id: UUID, cursor: CursorRequest) -> CursorPage[ScheduleView]:
        found = await self._cursor_page(_SCHEDULES_OF, cursor, _ID, payer=payer_id, before=cursor.id())
        return found.map(_schedule_view)

    async def runs_of(self, schedule_id: UUID, cursor: CursorRequest) -> CursorPage[RunView]:
        before = cursor.number(first=OCCURRENCES_MAX, highest=OCCURRENCES_MAX)
        found = await self._cursor_page(_RUNS_OF, cursor, _NUMBER, id=schedule_id, before=before)
        return found.map(lambda row: RunView(**dict(zip(RunView.__slots__, row, strict=True))))


def _schedule_view(row: Sequence[Any]) -> ScheduleView:
    return ScheduleView(**dict(zip(ScheduleView.__slots__, row, strict=True)))
