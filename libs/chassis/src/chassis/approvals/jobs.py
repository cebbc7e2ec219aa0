"""The jobs of approvals, in each service that has the tables."""

from collections.abc import Awaitable, Callable
from typing import Final

from procrastinate import Blueprint

from chassis.jobs import each
from chassis.jobs.maintenance import purge_steps

QUEUE: Final = "approvals"


def approval_jobs(execute_decided: Callable[[], Awaitable[int]], *, job_seconds: int) -> Blueprint:
    """Return the jobs that carry out what is decided, and forget the steps of requests that were never repeated."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="execute_approvals", queue=QUEUE, queueing_lock="execute_approvals", lock="execute_approvals")
    async def execute(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await execute_decided()

    purge_steps(blueprint, queue=QUEUE)
    return blueprint
