"""Long work in a use case's transaction."""

# ruff: noqa: S608  # put together of our own constants

import hashlib
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.job_queue import JobQueue
from chassis.long_work.rows import COLUMNS, FIELDS, FIXED, JSON, JobRun, work_of
from kernel.long_work import JobName, LongWork


def _value(name: str) -> str:
    return f"cast(:{name} AS jsonb)" if name in JSON else f":{name}"


_TAKE_TURN: Final = text("SELECT pg_advisory_xact_lock(:turn)")
_FIND_OPEN: Final = text(f"SELECT {COLUMNS} FROM long_work WHERE kind = :kind AND exclusive = :exclusive AND finished_at IS NULL")
_LOCK: Final = text(f"SELECT {COLUMNS} FROM long_work WHERE id = :id AND kind = :kind FOR UPDATE")
# Locked, so that nobody takes the job over before the commit.
_IS_CURRENT: Final = text("SELECT FROM procrastinate_jobs WHERE id = :id AND attempts = :attempt AND status = 'doing' FOR SHARE")
_JOB: Final = text("SELECT task, queue FROM long_work WHERE id = :id")
_ADD: Final = text(f"INSERT INTO long_work ({COLUMNS}, task, queue) VALUES ({', '.join(map(_value, FIELDS))}, :task, :queue)")
_SAVE: Final = text(
    f"UPDATE long_work SET {', '.join(f'{name} = {_value(name)}' for name in FIELDS if name not in FIXED)} WHERE id = :id"
)


class SqlLongWorks:
    def __init__(self, session: AsyncSession, queue: JobQueue) -> None:
        self._session = session
        self._queue = queue

    async def find_open(self, kind: str, exclusive: str) -> LongWork | None:
        """Return the open work that excludes other such work. Until the commit, nobody else can add any."""
        turn = int.from_bytes(hashlib.sha256(f"long work:{kind}:{exclusive}".encode()).digest()[:8], "big", signed=True)
        await self._session.execute(_TAKE_TURN, {"turn": turn})
        row = (await self._session.execute(_FIND_OPEN, {"kind": kind, "exclusive": exclusive})).first()
        return work_of(row) if row else None

    async def lock(self, kind: str, work_id: UUID) -> LongWork | None:
        row = (await self._session.execute(_LOCK, {"id": work_id, "kind": kind})).first()
        return work_of(row) if row else None

    async def lock_for_run(self, kind: str, work_id: UUID, job: JobRun) -> LongWork | None:
        """Lock work for a run of its job. Return None if another worker has taken the job over."""
        work = await self.lock(kind, work_id)
        current = await self._session.execute(_IS_CURRENT, {"id": job.job_id, "attempt": job.attempt})
        return work if current.first() is not None else None

    async def add(self, work: LongWork, job: JobName) -> None:
        """Write new work, and queue the job that does it."""
        await self._session.execute(_ADD, {**_values(work), "task": job.task, "queue": job.queue})
        await self._defer(work, job)

    async def save(self, work: LongWork) -> None:
        await self._session.execute(_SAVE, _values(work))

    async def queue(self, work: LongWork) -> None:
        """Queue the job of resumed work again."""
        task, queue = (await self._session.execute(_JOB, {"id": work.id})).one()
        await self._defer(work, JobName(task=task, queue=queue))

    async def _defer(self, work: LongWork, job: JobName) -> None:
        await self._queue.defer(self._session, job, lock=f"work:{work.id}", work_id=str(work.id))


def _values(work: LongWork) -> dict[str, Any]:
    values = {name: getattr(work, name) for name in FIELDS}
    return values | {name: orjson.dumps(values[name]).decode() for name in JSON if values[name] is not None}
