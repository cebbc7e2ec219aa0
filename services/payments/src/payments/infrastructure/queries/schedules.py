"""Schedules and what became of their occurrences."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from kernel.pages import CursorPage, CursorRequest
from payments.application.schedules.queries import RunView, ScheduleView
from payments.infrastructure.queries.rows import SqlReads, before, before_id

_COLUMNS: Final = ", ".join(ScheduleView.__slots__)
_SCHEDULE = text(f"SELECT {_COLUMNS} FROM schedules WHERE id = :id")
_SCHEDULES_OF = text(
    f"SELECT {_COLUMNS} FROM schedules WHERE initiator_id = :initiator AND id < :before ORDER BY id DESC LIMIT :limit"
)
_RUNS_OF = text(
    f"""
    SELECT {", ".join(RunView.__slots__)} FROM schedule_runs
    WHERE schedule_id = :id AND number < :before ORDER BY number DESC LIMIT :limit
    """
)
_NUMBER_MAX: Final = 2**31 - 1


class SqlScheduleQueries(SqlReads):
    async def schedule(self, schedule_id: UUID) -> ScheduleView | None:
        rows = await self._rows(_SCHEDULE, id=schedule_id)
        return _view(rows[0]) if rows else None

    async def schedules_of(self, initiator_id: UUID, cursor: CursorRequest) -> CursorPage[ScheduleView]:
        rows = await self._rows(_SCHEDULES_OF, initiator=initiator_id, before=before_id(cursor), limit=cursor.limit + 1)
        views = [_view(row) for row in rows[: cursor.limit]]
        return CursorPage(views, str(views[-1].id) if len(rows) > cursor.limit else None)

    async def runs_of(self, schedule_id: UUID, cursor: CursorRequest) -> CursorPage[RunView]:
        earlier = min(before(cursor), _NUMBER_MAX)
        rows = await self._rows(_RUNS_OF, id=schedule_id, before=earlier, limit=cursor.limit + 1)
        views = [RunView(**dict(zip(RunView.__slots__, row, strict=True))) for row in rows[: cursor.limit]]
        return CursorPage(views, str(views[-1].number) if len(rows) > cursor.limit else None)


def _view(row: Sequence[Any]) -> ScheduleView:
    return ScheduleView(**dict(zip(ScheduleView.__slots__, row, strict=True)))
