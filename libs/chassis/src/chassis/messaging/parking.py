"""The active consumer's side of parked aggregates: parks one, and adds later messages of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from chassis.messaging.ending import Ending, Left
from chassis.messaging.failure import Failure
from chassis.messaging.parked_table import ParkedTable
from chassis.messaging.verdicts import Verdict
from chassis.messaging.wire import Received
from chassis.waiting import Backoff

T = TypeVar("T")
log = structlog.get_logger()


class Parking:
    """The aggregates of one queue that may be parked, for one session.

    Only the active consumer gets messages, and only it parks. A standby does not know when it becomes the active one, so it reads
    the table when its first message arrives.
    """

    def __init__(self, table: ParkedTable, ending: Ending) -> None:
        self._table = table
        self._ending = ending
        self._may_be_parked: set[str] = set()
        self._reading: asyncio.Task[None] | None = None

    async def add_if_parked(self, aggregate: str, message: Received) -> bool:
        """Add the message if its aggregate is parked."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        if not self._reading.done():
            await asyncio.wait({self._reading})
        self._reading.result()
        if aggregate not in self._may_be_parked:
            return False
        if await self._stored(lambda: self._table.add(aggregate, message)):
            return True
        self._may_be_parked.discard(aggregate)
        return False

    async def park(self, aggregate: str, message: Received, verdict: Verdict) -> None:
        await self._stored(lambda: self._table.park(aggregate, message, verdict))
        self._may_be_parked.add(aggregate)
        log.error(
            "aggregate_parked",
            aggregate_id=aggregate,
            message_id=message.message_id,
            code=verdict.failure.error.code,
            reason=verdict.failure.reason,
            attempts=verdict.attempts,
            retry_seconds=verdict.seconds,
        )

    async def close(self) -> None:
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        self._may_be_parked |= await self._stored(self._table.aggregates)

    async def _stored(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work as soon as the database is there; raises Left if the session ends before."""
        backoff = Backoff()
        while True:
            if self._ending.has_begun:
                raise Left
            try:
                return await work()
            except Exception as error:
                failure = Failure.of(error)
                if failure is None or not failure.transient:
                    raise
                log.warning("parking_waits_for_database", reason=failure.reason)
            await self._ending.wait(seconds=backoff.next())
