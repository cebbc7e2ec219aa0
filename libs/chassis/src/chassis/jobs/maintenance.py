"""Periodic maintenance of every service's database."""

from procrastinate import Blueprint, JobContext

from chassis.jobs.fenced_outcomes import FencedOutcomes
from chassis.persistence.connections import LONG_ANSWER_SECONDS, answers_within
from chassis.telemetry import log

QUEUE = "maintenance"
IDEMPOTENCY_KEY_HOURS = 24
# Longer than messages usually wait in retry queues and dead letters before they are redriven.
INBOX_DAYS = 14
FINISHED_JOB_HOURS = 72
ROWS_A_RUN_MAX = 50_000

_PURGE_KEYS = """
    DELETE FROM idempotency_keys WHERE (owner, key) IN (
        SELECT owner, key FROM idempotency_keys
        WHERE created_at < now() - make_interval(hours => %(hours)s) ORDER BY created_at LIMIT %(rows)s
    ) RETURNING 1 AS purged
"""
_PURGE_STEPS = """
    DELETE FROM idempotency_steps WHERE (owner, key) IN (
        SELECT owner, key FROM idempotency_steps
        WHERE created_at < now() - make_interval(hours => %(hours)s) ORDER BY created_at LIMIT %(rows)s
    ) RETURNING 1 AS purged
"""
_PURGE_INBOX = """
    DELETE FROM inbox WHERE (consumer, message_id) IN (
        SELECT consumer, message_id FROM inbox
        WHERE handled_at < now() - make_interval(days => %(days)s) ORDER BY handled_at LIMIT %(rows)s
    ) RETURNING 1 AS purged
"""
# Failed jobs whose work a later job with the same queueing lock has done, for example after an outage.
_REMOVE_MADE_UP_FOR = """
    DELETE FROM procrastinate_jobs AS failed USING (
        SELECT task_name, queueing_lock, max(id) AS id FROM procrastinate_jobs
        WHERE status = 'succeeded' AND queueing_lock IS NOT NULL GROUP BY task_name, queueing_lock
    ) AS later
    WHERE failed.status = 'failed' AND failed.id < later.id
        AND failed.task_name = later.task_name AND failed.queueing_lock = later.queueing_lock
    RETURNING 1 AS removed
"""


def maintenance(silence_seconds: int) -> Blueprint:
    """Make the platform's tasks; a worker without a heartbeat for `silence_seconds` counts as dead."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="*/10 * * * *")
    @blueprint.task(name="purge_idempotency_keys", queue=QUEUE, queueing_lock="purge_idempotency_keys", pass_context=True)
    async def purge_idempotency_keys(context: JobContext, timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await _purge(context, "idempotency_keys", _PURGE_KEYS, hours=IDEMPOTENCY_KEY_HOURS)

    @blueprint.periodic(cron="5 * * * *")
    @blueprint.task(name="purge_inbox", queue=QUEUE, queueing_lock="purge_inbox", pass_context=True)
    async def purge_inbox(context: JobContext, timestamp: int) -> int:  # noqa: ARG001
        return await _purge(context, "inbox", _PURGE_INBOX, days=INBOX_DAYS)

    @blueprint.periodic(cron="5-59/10 * * * *")
    @blueprint.task(name="remove_finished_jobs", queue=QUEUE, queueing_lock="remove_finished_jobs", pass_context=True)
    async def remove_finished_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        with answers_within(LONG_ANSWER_SECONDS):
            made_up_for = await context.app.connector.execute_query_all_async(_REMOVE_MADE_UP_FOR)
            if made_up_for:
                log.info("jobs_made_up_for", rows=len(made_up_for))
            # Other failed jobs stay for an operator.
            await context.app.job_manager.delete_old_jobs(nb_hours=FINISHED_JOB_HOURS)

    # Not periodic: each worker takes over jobs by itself. Workers of the previous release queue it while both releases run.
    @blueprint.task(name="retry_stalled_jobs", queue=QUEUE, queueing_lock="retry_stalled_jobs", pass_context=True)
    async def retry_stalled_jobs(context: JobContext, timestamp: int) -> int:  # noqa: ARG001
        return await FencedOutcomes(context.app.connector).take_over(silence_seconds=silence_seconds)

    return blueprint


def purge_steps(blueprint: Blueprint, *, queue: str) -> None:
    """Add a job that forgets the steps of requests that were never repeated, in services whose requests have steps."""

    @blueprint.periodic(cron="2-59/10 * * * *")
    @blueprint.task(name="purge_idempotency_steps", queue=queue, queueing_lock="purge_idempotency_steps", pass_context=True)
    async def purge_idempotency_steps(context: JobContext, timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await _purge(context, "idempotency_steps", _PURGE_STEPS, hours=IDEMPOTENCY_KEY_HOURS)


async def _purge(context: JobContext, table: str, statement: str, **limits: int) -> int:
    # Limited: a backlog takes several runs, each short enough not to block other work.
    with answers_within(LONG_ANSWER_SECONDS):
        rows = await context.app.connector.execute_query_all_async(statement, rows=ROWS_A_RUN_MAX, **limits)
    if rows:
        log.info("purged", table=table, rows=len(rows))
    return len(rows)
