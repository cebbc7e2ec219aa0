"""Queues the job that delivers a message, by the job's name: only the `jobs` process has its code."""

from uuid import UUID

from procrastinate import App, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncSession


class DeliveryQueue:
    """`task` and `queue` are the names in the `jobs` process."""

    def __init__(self, *, task: str, queue: str) -> None:
        # Never opened: the job is inserted on the transaction's own connection.
        self._app = App(connector=PsycopgConnector())
        self._task, self._queue = task, queue

    async def __call__(self, session: AsyncSession, message_id: UUID) -> None:
        connection = await (await session.connection()).get_raw_connection()
        task = self._app.configure_task(
            self._task,
            queue=self._queue,
            # The query of undelivered messages (sql/messages.py) finds the message's job by this lock.
            queueing_lock=f"message:{message_id}",
            connection=connection.driver_connection,
        )
        await task.defer_async(message_id=str(message_id))
