"""Queues jobs by name, in the caller's transaction. Only the `jobs` process has their code."""

from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from procrastinate import App

RUN_BULK = "run_bulk"
BULK_QUEUE = "bulks"


async def queue_bulk(session: AsyncSession, bulk_id: UUID, *, service: str) -> None:
    """Queue the run of a bulk, unless one is queued already. Two runs of one bulk never run at the same time."""
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415  # 20 MB, not needed in most processes

    name = f"bulk:{bulk_id}"
    try:
        # A refused statement would abort the whole transaction. The session creates the savepoint when its connection is
        # requested, so request it inside the block.
        async with session.begin_nested():
            connection = (await (await session.connection()).get_raw_connection()).driver_connection
            task = _app().configure_task(
                f"{service}:{RUN_BULK}", queue=BULK_QUEUE, lock=name, queueing_lock=name, connection=connection
            )
            await task.defer_async(bulk_id=str(bulk_id))
    except AlreadyEnqueued:
        return


@cache
def _app() -> "App":
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    # Never opened: jobs are written on the transaction's connection.
    return App(connector=PsycopgConnector())
