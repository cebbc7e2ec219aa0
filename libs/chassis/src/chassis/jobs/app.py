"""The job application of a service: its own tasks and the platform's maintenance tasks."""

from collections.abc import Sequence

from procrastinate import App, Blueprint, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from chassis.jobs.maintenance import maintenance
from chassis.settings import ServiceSettings

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_SECONDS = 60

# Raised when the database of the job tables is unavailable.
JobDatabaseError = ConnectorException


def make_jobs(settings: ServiceSettings, tasks: Sequence[Blueprint] = ()) -> App:
    """Make the application. It connects at `open_async`.

    Task names are "<service>:<task>" for the service's blueprints, and "platform:…" for the platform's.
    """
    connector = PsycopgConnector(
        conninfo=settings.database_url.get_secret_value(),
        min_size=1,
        max_size=settings.job_pool_size,
        timeout=CONNECT_TIMEOUT_SECONDS,
        kwargs={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c timezone=UTC",
        },
    )
    app = App(connector=connector)
    app.add_tasks_from(maintenance(settings.job_silence_seconds), namespace="platform")
    for blueprint in tasks:
        app.add_tasks_from(blueprint, namespace=settings.NAME)
    return app
