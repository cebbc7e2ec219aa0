"""The job application of a service: its own tasks and the platform's maintenance tasks."""

from collections.abc import Sequence
from typing import Any

from procrastinate import App, Blueprint, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool

from chassis.jobs.maintenance import maintenance
from chassis.persistence.connections import (
    CONNECT_SECONDS,
    LONG_STATEMENT_SECONDS,
    TRANSPORT,
    TRANSPORT_OF_SERVER,
    BoundedConnection,
    answers_within,
)
from chassis.persistence.database import options
from chassis.settings import ServiceSettings
from kernel.long_work import JobName

CLOSE_SECONDS = 1.0

_SESSION = TRANSPORT_OF_SERVER | {
    "statement_timeout": f"{LONG_STATEMENT_SECONDS}s",
    "client_connection_check_interval": "1s",
    "timezone": "UTC",
}

# Raised when the database of the job tables is unavailable.
JobDatabaseError = ConnectorException


class JobWithoutCode(Exception):
    """A job is queued by a name for which the process has no code, or under another queue; it refuses to start."""


def make_jobs(settings: ServiceSettings, tasks: Sequence[Blueprint] = (), *, queued: Sequence[JobName] = ()) -> App:
    """Make the application. It connects at `open_async`.

    Task names are "<service>:<task>" for the service's blueprints, and "platform:…" for the platform's. `queued` are the jobs
    that use cases queue by their names; raises JobWithoutCode if one of them is not among the tasks.
    """
    connector = PsycopgConnector(
        conninfo=settings.database_url.get_secret_value(),
        min_size=1,
        max_size=settings.job_pool_size,
        timeout=CONNECT_SECONDS,
        kwargs=TRANSPORT | {"options": options(_SESSION)},
        pool_factory=_pool,
    )
    app = App(connector=connector)
    app.add_tasks_from(maintenance(settings.job_silence_seconds), namespace="platform")
    for blueprint in tasks:
        app.add_tasks_from(blueprint, namespace=settings.NAME)
    for job in queued:
        task = app.tasks.get(f"{settings.NAME}:{job.task}")
        if task is None or task.queue != job.queue:
            raise JobWithoutCode(f"{settings.NAME} queues {job.task} in {job.queue}, but no task of that name has this queue")
    return app


class _Pool(AsyncConnectionPool[BoundedConnection[Any]]):
    async def close(self, timeout: float = CLOSE_SECONDS) -> None:  # noqa: ASYNC109  # psycopg's
        """Wait briefly for its tasks, which may be connecting to a server that does not answer."""
        await super().close(timeout)


def _pool(**arguments: Any) -> AsyncConnectionPool[Any]:
    # procrastinate passes a check without a limit of its own: that of any statement is too long for a pool whose server hangs.
    return _Pool(connection_class=BoundedConnection, **arguments | {"check": _check})


async def _check(connection: BoundedConnection[Any]) -> None:
    with answers_within(CONNECT_SECONDS):
        await AsyncConnectionPool.check_connection(connection)
