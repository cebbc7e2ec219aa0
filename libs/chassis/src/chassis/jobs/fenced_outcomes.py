"""Outcomes of jobs, recorded only by the worker that has the job.

A worker that was silent for too long loses its jobs to others. If it was only stopped, it ends its run of a job while another
worker runs the same job. Its outcome must not end the other's run, release the job's lock, or queue the job a third time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, LiteralString

import psycopg
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from chassis.telemetry import log
from chassis.waiting import Backoff

# Each retry adds an attempt, so that a job's id and attempt name one run of it.
_FINISH: Final = """
    WITH this_run AS MATERIALIZED (
        SELECT id FROM procrastinate_jobs WHERE id = %(job_id)s AND attempts = %(attempt)s AND status = 'doing' FOR UPDATE
    )
    SELECT procrastinate_finish_job_v1(id, %(status)s, %(delete_job)s) FROM this_run
"""
_RETRY: Final = """
    WITH this_run AS MATERIALIZED (
        SELECT id FROM procrastinate_jobs WHERE id = %(job_id)s AND attempts = %(attempt)s AND status = 'doing' FOR UPDATE
    )
    SELECT procrastinate_retry_job_v2(id, coalesce(%(retry_at)s::timestamptz, now()), %(priority)s, %(queue)s, %(lock)s)
    FROM this_run
"""
# procrastinate notifies workers of new jobs only; without this, they would find a retried job up to five seconds later.
_WAKE: Final = 'SELECT pg_notify(\'procrastinate_any_queue_v1\', \'{"type": "job_inserted", "job_id": 0}\')'


class FencedOutcomes(JobManager):
    """Drops the outcome of a run that is no longer the job's current run."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await _until_recorded(job, partial(self._record, _FINISH, job, status=status.value, delete_job=delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        await _until_recorded(job, partial(self._retry, job, retry_at=retry_at, priority=priority, queue=queue, lock=lock))

    async def take_over(self, *, silence_seconds: int) -> int:
        """Queue the jobs of workers without a heartbeat for `silence_seconds` again, and return how many.

        Any number of workers may do so at once: each run is taken over once.
        """
        taken = 0
        for job in await self.get_stalled_jobs(seconds_since_heartbeat=silence_seconds):
            if await self._retry(job):
                log.warning("job_taken_over", task=job.task_name, job_id=job.id, reason="its worker went silent")
                taken += 1
        if taken:
            await self.connector.execute_query_async(_WAKE)
        return taken

    async def _retry(
        self,
        job: Job,
        *,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> bool:
        try:
            return await self._record(_RETRY, job, retry_at=retry_at, priority=priority, queue=queue, lock=lock)
        except UniqueViolation:
            # A queued job with the same queueing lock will do this job's work, but it cannot start while this job has their lock.
            log.warning("job_superseded", task=job.task_name, job_id=job.id)
            return await self._record(_FINISH, job, status=Status.FAILED.value, delete_job=False)

    async def _record(self, statement: LiteralString, job: Job, **arguments: object) -> bool:
        rows = await self.connector.execute_query_all_async(statement, job_id=job.id, attempt=job.attempts, **arguments)
        return bool(rows)


async def _until_recorded(job: Job, record: Callable[[], Awaitable[bool]]) -> None:
    """Repeat until the database answers: procrastinate gives an outcome up, and the job would run and hold its lock for ever."""
    backoff = Backoff()
    while True:
        try:
            if not await record():
                log.warning(
                    "job_outcome_dropped", task=job.task_name, job_id=job.id, reason="it is not this worker's run any more"
                )
        except (ConnectorException, psycopg.Error) as error:
            log.warning("job_outcome_not_recorded", task=job.task_name, job_id=job.id, problem=type(error).__name__)
            await asyncio.sleep(backoff.next())
        else:
            return
