"""Payments' background jobs. Any of them may run twice: each catches up to now."""

from typing import Final
from uuid import UUID

from procrastinate import Blueprint, RetryStrategy

from chassis.jobs import each
from payments.application.bulk_transfers.expire_bulks import ExpireBulks
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from payments.application.bulk_transfers.run_bulk import RunBulk
from payments.application.ledger.check_ledger import CheckLedger
from payments.application.schedules.run_schedules import RunSchedules
from payments.application.transfers.expire_transfers import ExpireTransfers

LEDGER_QUEUE = "ledger"
BULK_QUEUE = "bulks"
SCHEDULE_QUEUE = "schedules"
# Known to whoever queues one (infrastructure/job_queue.py).
RUN_BULK: Final = "run_bulk"
# 4, 8, 16, 32, 64 seconds apart; then resume_bulks queues it anew as long as there is hope.
_ATTEMPTS_MAX: Final = 5


def ledger_jobs(expire_transfers: ExpireTransfers, check_ledger: CheckLedger, *, job_seconds: int) -> Blueprint:
    """Make the jobs that keep the ledger: what has run out ends, what moved is derived again."""
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


def bulk_jobs(run_bulk: RunBulk, resume_bulks: ResumeBulks, expire_bulks: ExpireBulks, *, job_seconds: int) -> Blueprint:
    """Make the job that runs a bulk, queued with it, and those that resume what was left behind and end what is overdue."""
    blueprint = Blueprint()

    @blueprint.task(name=RUN_BULK, queue=BULK_QUEUE, retry=RetryStrategy(max_attempts=_ATTEMPTS_MAX, exponential_wait=2))
    async def run(bulk_id: str) -> str | None:
        return await run_bulk(bulk_id=UUID(bulk_id))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="resume_bulks", queue=LEDGER_QUEUE, queueing_lock="resume_bulks")
    async def resume(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await resume_bulks()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="expire_bulks", queue=LEDGER_QUEUE, queueing_lock="expire_bulks")
    async def expire(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await expire_bulks()

    return blueprint


def schedule_jobs(run_schedules: RunSchedules, *, job_seconds: int) -> Blueprint:
    """Make the job that makes the transfers that are due. One that fails is made up for by the next one."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="run_schedules", queue=SCHEDULE_QUEUE, queueing_lock="run_schedules", lock="run_schedules")
    async def run(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await run_schedules()

    return blueprint
