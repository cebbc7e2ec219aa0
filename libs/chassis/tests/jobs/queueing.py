"""Queues the jobs of a test by their tasks. Services queue theirs by declared names (`chassis.job_queue`)."""

from typing import Any

from procrastinate.tasks import Task
from procrastinate.types import JSONValue
from sqlalchemy.ext.asyncio import AsyncSession


async def defer(
    session: AsyncSession,
    task: Task[..., Any, ...],
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    **arguments: JSONValue,
) -> int:
    """Queue a job; it exists only if the transaction commits. Returns the job's id."""
    connection = await (await session.connection()).get_raw_connection()
    deferrer = task.configure(connection=connection.driver_connection, lock=lock, queueing_lock=queueing_lock)
    return await deferrer.defer_async(**arguments)
