"""Runs of jobs without a worker, for tests of long work."""

from types import TracebackType
from typing import Self

from sqlalchemy import text

from chassis.long_work import JobRun
from chassis.persistence.database import Database

_FETCH = text(
    """
    UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (
        SELECT id FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id, attempts
    """
)
_FINISH = text(
    "UPDATE procrastinate_jobs SET status = cast(:status AS procrastinate_job_status) WHERE id = :id AND attempts = :attempt"
)
_TAKE_OVER = text("UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1 WHERE id = :id AND status = 'doing'")


class JobRuns:
    """Fetches queued jobs as a worker does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        async with self._database.engine.begin() as connection:
            await connection.execute(text("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'doing'"))

    async def fetch(self) -> JobRun:
        async with self._database.engine.begin() as connection:
            row = (await connection.execute(_FETCH)).one()
        return JobRun(row.id, row.attempts)

    async def finish(self, job: JobRun, status: str = "succeeded") -> None:
        async with self._database.engine.begin() as connection:
            await connection.execute(_FINISH, {"status": status, "id": job.job_id, "attempt": job.attempt})

    async def take_over(self, job: JobRun) -> None:
        """Queue a job again whose worker is silent."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_TAKE_OVER, {"id": job.job_id})
