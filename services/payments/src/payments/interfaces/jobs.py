"""Payments' background jobs. Any of them may run twice: each catches up to now."""

from procrastinate import Blueprint

from payments.application.transfers.capture_transfer import ExpireTransfers
from payments.application.verification.check_ledger import CheckLedger

LEDGER_QUEUE = "ledger"


def ledger_jobs(expire_transfers: ExpireTransfers, check_ledger: CheckLedger) -> Blueprint:
    """Make the jobs that keep the ledger: what has run out ends, what moved is derived again."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="expire_transfers", queue=LEDGER_QUEUE, queueing_lock="expire_transfers")
    async def expire(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await expire_transfers()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="check_ledger", queue=LEDGER_QUEUE, queueing_lock="check_ledger", lock="check_ledger")
    async def check(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await check_ledger()

    return blueprint
