"""The background jobs of payments. Each may safely run twice: it does all work that is due now."""

from typing import Final
from uuid import UUID

from procrastinate import Blueprint, RetryStrategy

from chassis.jobs import each
from chassis.persistence.connections import LONG_ANSWER_SECONDS, answers_within
from payments.application.bulk_transfers.collect_objects import CollectObjects
from payments.application.bulk_transfers.expire_bulks import ExpireBulks
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from payments.application.bulk_transfers.run_bulk import RunBulk
from payments.application.ledger.check_ledger import CheckLedger
from payments.application.ports.queued_jobs import RUN_BULK
from payments.application.schedules.align_schedules import AlignSchedules
from payments.application.schedules.run_schedules import RunSchedules
from payments.application.transfers.expire_transfers import ExpireTransfers

LEDGER_QUEUE = "ledger"
SCHEDULE_QUEUE = "schedules"
# Retry after 4, 8, 16, 32 and 64 seconds; then resume_bulks queues the bulk again while it can still succeed.
_ATTEMPTS_MAX: Final = 5
_HOURLY: Final = "17 * * * *"


def ledger_jobs(expire_transfers: ExpireTransfers, check_ledger: CheckLedger, *, job_seconds: int) -> Blueprint:
    """Return the ledger's jobs: expire overdue transfers, and check the accounts that moved against their postings."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="expire_transfers", queue=LEDGER_QUEUE, queueing_lock="expire_transfers")
    async def expire(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await expire_transfers()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="check_ledger", queue=LEDGER_QUEUE, queueing_lock="check_ledger", lock="check_ledger")
    async def check(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await check_ledger()

    return blueprint


def bulk_jobs(
    run_bulk: RunBulk,
    resume_bulks: ResumeBulks,
    expire_bulks: ExpireBulks,
    collect_objects: CollectObjects,
    *,
    job_seconds: int,
) -> Blueprint:
    """Return the jobs of bulks: run one (queued when it is accepted), resume interrupted ones, expire overdue ones.

    `collect_objects` removes files that no bulk refers to.
    """
    blueprint = Blueprint()

    @blueprint.task(name=RUN_BULK.task, queue=RUN_BULK.queue, retry=RetryStrategy(max_attempts=_ATTEMPTS_MAX, exponential_wait=2))
    async def run(bulk_id: str) -> str | None:
        # All lines of an all-or-nothing file are settled in one round trip.
        with answers_within(LONG_ANSWER_SECONDS):
            return await run_bulk(bulk_id=UUID(bulk_id))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="resume_bulks", queue=LEDGER_QUEUE, queueing_lock="resume_bulks")
    async def resume(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await resume_bulks()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="expire_bulks", queue=LEDGER_QUEUE, queueing_lock="expire_bulks")
    async def expire(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await expire_bulks()

    @blueprint.periodic(cron=_HOURLY)
    @blueprint.task(name="collect_objects", queue=LEDGER_QUEUE, queueing_lock="collect_objects", lock="collect_objects")
    async def collect(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await collect_objects()

    return blueprint


def schedule_jobs(run_schedules: RunSchedules, align_schedules: AlignSchedules, *, job_seconds: int) -> Blueprint:
    """Return the jobs of schedules: make the transfers that are due, and follow the calendar.

    The next run does the work of a failed run.
    """
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="run_schedules", queue=SCHEDULE_QUEUE, queueing_lock="run_schedules", lock="run_schedules")
    async def run(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await run_schedules()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="align_schedules", queue=SCHEDULE_QUEUE, queueing_lock="align_schedules", lock="align_schedules")
    async def follow(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await align_schedules()

    return blueprint
