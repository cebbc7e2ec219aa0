"""Governance's background jobs."""

from procrastinate import Blueprint

from chassis.jobs import each
from governance.application.role_assignments.end_limited_roles import EndLimitedRoles
from kernel.actor import Actor


def role_jobs(end_limited_roles: EndLimitedRoles, *, job_seconds: int) -> Blueprint:
    """Return the job that removes the roles whose end has come."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="end_limited_roles", queue="maintenance", queueing_lock="end_limited_roles")
    async def end_roles(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await end_limited_roles(actor=Actor.service("governance"))

    return blueprint
