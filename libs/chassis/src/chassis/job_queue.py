"""Queues jobs by their names, in the caller's transaction.

Only the `jobs` process has the code of jobs; `make_jobs` refuses to start without the code of a name that is queued.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.long_work import JobName

if TYPE_CHECKING:
    from procrastinate import App

Argument = str | int | bool | None


class UndeclaredJob(Exception):
    """A job was queued under a name that the service does not declare, so no process checks that it has its code."""


class JobQueue:
    """The jobs of one service that are queued by name."""

    def __init__(self, service: str, jobs: Sequence[JobName]) -> None:
        self._service: Final = service
        self._jobs: Final = frozenset(jobs)

    async def defer(self, session: AsyncSession, job: JobName, *, lock: str, **arguments: Argument) -> None:
        """Queue a job; it exists only if the transaction commits. Raise UndeclaredJob.

        Jobs with one `lock` do not run at the same time, and wait in the queue once: while one waits, this has no effect.
        """
        if job not in self._jobs:
            raise UndeclaredJob(job.task)
        from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415  # 20 MB, not needed in most processes

        try:
            # A refused statement would abort the whole transaction. The session creates the savepoint when its connection is
            # requested, so request it inside the block.
            async with session.begin_nested():
                connection = (await (await session.connection()).get_raw_connection()).driver_connection
                task = _app().configure_task(
                    f"{self._service}:{job.task}", queue=job.queue, lock=lock, queueing_lock=lock, connection=connection
                )
                await task.defer_async(**arguments)
        except AlreadyEnqueued:
            return


@cache
def _app() -> "App":
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    # Never opened: jobs are written on the transaction's connection.
    return App(connector=PsycopgConnector())
