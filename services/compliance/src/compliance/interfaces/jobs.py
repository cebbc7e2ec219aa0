"""Compliance's background jobs."""

from procrastinate import Blueprint

from chassis.jobs.maintenance import QUEUE
from compliance.application.decisions.purge_decisions import PurgeDecisions


def decision_jobs(purge_decisions: PurgeDecisions) -> Blueprint:
    """Return the job that removes old decisions of policies."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="35 * * * *")
    @blueprint.task(name="purge_decisions", queue=QUEUE, queueing_lock="purge_decisions")
    async def purge(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await purge_decisions()

    return blueprint
