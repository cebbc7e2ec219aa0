"""The jobs of approvals, in each service that has the tables."""

from collections.abc import Awaitable, Callable
from typing import Final

from procrastinate import Blueprint, JobContext

from chassis.jobs import each
from chassis.jobs.maintenance import IDEMPOTENCY_KEY_HOURS, ROWS_A_RUN_MAX
from chassis.persistence.connections import LONG_ANSWER_SECONDS, answers_within

QUEUE: Final = "approvals"
_PURGE_STEPS: Final = """
    DELETE FROM idempotency_steps WHERE (owner, key) IN (
        SELECT owner, key FROM idempotency_steps
        WHERE created_at < now() - make_interval(hours => %(hours)s) ORDER BY created_at LIMIT %(rows)s
    ) RETURNING 1 AS purged
"""


def approval_jobs(execute_decided: Callable[[], Awaitable[int]], *, job_seconds: int) -> Blueprint:
    """Return the jobs that carry out what is decided, and forget the steps of requests that were never repeated."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="execute_approvals", queue=QUEUE, queueing_lock="execute_approvals", lock="execute_approvals")
    async def execute(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await execute_decided()

    @blueprint.periodic(cron="2-59/10 * * * *")
    @blueprint.task(name="purge_idempotency_steps", queue=QUEUE, queueing_lock="purge_idempotency_steps", pass_context=True)
    async def purge(context: JobContext, timestamp: int) -> int:  # noqa: ARG001  # the tick
        with answers_within(LONG_ANSWER_SECONDS):
            return len(
                await context.app.connector.execute_query_all_async(
                    _PURGE_STEPS, hours=IDEMPOTENCY_KEY_HOURS, rows=ROWS_A_RUN_MAX
                )
            )

    return blueprint
