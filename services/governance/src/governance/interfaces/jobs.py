"""Governance's background jobs."""

from typing import Final

from procrastinate import Blueprint

from chassis.jobs import each
from chassis.jobs.maintenance import purge_steps
from governance.application.access_reviews.ask_reviewers import AskReviewers
from governance.application.access_reviews.close_access_reviews import CloseAccessReviews
from governance.application.members.end_memberships import EndMemberships
from governance.application.role_assignments.end_limited_roles import EndLimitedRoles
from kernel.actor import Actor

QUEUE: Final = "maintenance"


def access_jobs(end_limited_roles: EndLimitedRoles, end_memberships: EndMemberships, *, job_seconds: int) -> Blueprint:
    """Return the jobs that end roles and memberships when their end has come, and forget the steps of invitations."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="end_limited_roles", queue=QUEUE, queueing_lock="end_limited_roles")
    async def end_roles(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await end_limited_roles(actor=Actor.service("governance"))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="end_memberships", queue=QUEUE, queueing_lock="end_memberships")
    async def end_ended(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await end_memberships(actor=Actor.service("governance"))

    purge_steps(blueprint, queue=QUEUE)
    return blueprint


def review_jobs(ask_reviewers: AskReviewers, close_access_reviews: CloseAccessReviews, *, job_seconds: int) -> Blueprint:
    """Return the jobs that inform those who decide in access reviews, and close reviews at their deadline."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="ask_reviewers", queue=QUEUE, queueing_lock="ask_reviewers", lock="ask_reviewers")
    async def ask(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await ask_reviewers(actor=Actor.service("governance"))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="close_access_reviews", queue=QUEUE, queueing_lock="close_access_reviews", lock="close_access_reviews")
    async def close(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await close_access_reviews(actor=Actor.service("governance"))

    return blueprint
