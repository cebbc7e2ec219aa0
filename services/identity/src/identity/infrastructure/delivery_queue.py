"""Queues the job of a message or another item, by the job's name: only the `jobs` process has its code."""

from uuid import UUID

from procrastinate import App, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncSession


class DeliveryQueue:
    """`task` and `queue` are the names in the `jobs` process. The job gets the id as `<item>_id`."""

    def __init__(self, *, task: str, queue: str, item: str = "message") -> None:
        # Never opened: the job is inserted on the transaction's own connection.
        self._app = App(connector=PsycopgConnector())
        self._task, self._queue, self._item = task, queue, item

    async def __call__(self, session: AsyncSession, item_id: UUID) -> None:
        connection = await (await session.connection()).get_raw_connection()
        task = self._app.configure_task(
            self._task,
            queue=self._queue,
            # The queries of items that were left behind (sql/messages.py, sql/notices.py) find the job by this lock.
            queueing_lock=f"{self._item}:{item_id}",
            connection=connection.driver_connection,
        )
        await task.defer_async(**{f"{self._item}_id": str(item_id)})
