"""Defers a job in the transaction of the effect that it belongs to."""

from typing import Any

from procrastinate.tasks import Task
from procrastinate.types import JSONValue
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction


async def defer(
    transaction: SqlTransaction | AsyncSession,
    task: Task[..., Any, ...],
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    **arguments: JSONValue,
) -> int:
    """Defer a job; it exists only if the transaction commits. Returns the job's id.

    Jobs with the same `lock` do not run at the same time. A job whose `queueing_lock` is already queued raises AlreadyEnqueued.
    """
    session = transaction.session if isinstance(transaction, SqlTransaction) else transaction
    connection = await (await session.connection()).get_raw_connection()
    deferrer = task.configure(connection=connection.driver_connection, lock=lock, queueing_lock=queueing_lock)
    return await deferrer.defer_async(**arguments)
