"""The jobs that do long work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from procrastinate import Blueprint, JobContext, RetryStrategy
from sqlalchemy import text

from chassis.job_queue import JobQueue
from chassis.jobs.ticks import MINUTE_SECONDS, each
from chassis.long_work import JobRun, LongWorkRunner
from chassis.persistence.connections import LONG_ANSWER_SECONDS, answers_within
from chassis.persistence.database import Database
from chassis.telemetry import log
from kernel.long_work import JobName

# Tried again after 4, 8, 16, 32 and 64 seconds; then the work has failed, and people may resume it.
ATTEMPTS_MAX: Final = 5
QUEUE: Final = "maintenance"
STRANDED_A_RUN_MAX: Final = 100

# A job that was aborted with its worker at its last attempt, or deleted by an operator, leaves open work that nothing does.
_STRANDED: Final = text(
    """
    SELECT id, task, queue FROM long_work
    WHERE finished_at IS NULL AND updated_at < now() - make_interval(secs => :silence) AND NOT EXISTS (
        SELECT FROM procrastinate_jobs WHERE lock = 'work:' || long_work.id AND status IN ('todo', 'doing')
    )
    ORDER BY updated_at LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class WorkJob:
    job: JobName
    run: LongWorkRunner


def long_work_jobs(works: Sequence[WorkJob], *, database: Database, queue: JobQueue) -> Blueprint:
    """Return the jobs, and a periodic one that queues again what was left open without a job."""
    blueprint = Blueprint()
    for work in works:
        _add(blueprint, work)

    @blueprint.periodic(cron=each(MINUTE_SECONDS))
    @blueprint.task(name="resume_long_work", queue=QUEUE, queueing_lock="resume_long_work")
    async def resume(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await requeue_stranded(database, queue)

    return blueprint


def _add(blueprint: Blueprint, work: WorkJob) -> None:
    retry = RetryStrategy(max_attempts=ATTEMPTS_MAX, exponential_wait=2)

    @blueprint.task(name=work.job.task, queue=work.job.queue, retry=retry, pass_context=True)
    async def run(context: JobContext, work_id: str) -> str | None:
        job = context.job
        if job.id is None:
            raise RuntimeError("the job has no id")
        with answers_within(LONG_ANSWER_SECONDS):
            return await work.run(UUID(work_id), JobRun(job.id, job.attempts), is_last=job.attempts >= ATTEMPTS_MAX)


async def requeue_stranded(database: Database, queue: JobQueue, *, silence_seconds: int = MINUTE_SECONDS) -> int:
    """Queue a job for open work that has none, and return for how many."""
    async with database.session() as session, session.begin():
        asked = {"silence": silence_seconds, "limit": STRANDED_A_RUN_MAX}
        rows = (await session.execute(_STRANDED, asked)).all()
        for work_id, task, name in rows:
            await queue.defer(session, JobName(task=task, queue=name), lock=f"work:{work_id}", work_id=str(work_id))
    if rows:
        log.warning("long_work_resumed", works=len(rows))
    return len(rows)
