"""Queues the job that delivers a message, by its name: only the `jobs` process knows how it is done."""

from uuid import UUID

from procrastinate import App, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncSession


class DeliveryQueue:
    """`task` and `queue` as the `jobs` process knows them."""

    def __init__(self, *, task: str, queue: str) -> None:
        # Never opened: the job is written on the transaction's own connection.
        self._app = App(connector=PsycopgConnector())
        self._task, self._queue = task, queue

    async def __call__(self, session: AsyncSession, message_id: UUID) -> None:
        connection = await (await session.connection()).get_raw_connection()
        task = self._app.configure_task(
            self._task,
            queue=self._queue,
            # The query of messages left behind (queries/messages.py) finds the message's job by this lock.
            queueing_lock=f"message:{message_id}",
            connection=connection.driver_connection,
        )
        await task.defer_async(message_id=str(message_id))
