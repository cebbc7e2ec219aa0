"""Tries parked aggregates again when they are due: each in order, from the table, until it is empty or a message fails.

Every consumer process does this, active or not: the broker does not tell a standby that it is the active consumer now, and an
aggregate may be due while no message arrives. Taking an aggregate is a lease in the table, so that one process tries it.
"""

import asyncio
import time
from typing import Final

import structlog
from prometheus_client import Gauge

from chassis.messaging.ending import Ending, Left
from chassis.messaging.failure import Failure
from chassis.messaging.handlers import Handlers, handling
from chassis.messaging.outages import Outages
from chassis.messaging.parked_table import Due, ParkedMessage, ParkedTable
from chassis.messaging.reports import Outcome, Reports
from chassis.messaging.verdicts import Verdict, after_decoding, after_fault, while_away
from chassis.messaging.wire import Undecodable, decode

POLL_SECONDS: Final = 1.0
MEASURE_SECONDS: Final = 15.0
# Aggregates that one process tries at once.
AT_ONCE: Final = 20

PARKED_AGGREGATES = Gauge("parked_aggregates", "Aggregates whose messages wait because one could not be handled.", ["queue"])
PARKED_MESSAGES = Gauge("parked_messages", "Messages of parked aggregates; counted up to 100,000.", ["queue"])
OLDEST_PARKED = Gauge("parked_oldest_seconds", "Time since the first of the parked aggregates was parked.", ["queue"])

log = structlog.get_logger()


class ParkedWorker:
    """Tries the parked aggregates of one queue, for one session."""

    def __init__(
        self, queue: str, table: ParkedTable, handlers: Handlers, outages: Outages, reports: Reports, ending: Ending
    ) -> None:
        self._queue = queue
        self._table = table
        self._handlers = handlers
        self._outages = outages
        self._reports = reports
        self._ending = ending
        self._trying: dict[str, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()
        self._measured_at = -MEASURE_SECONDS

    async def run(self) -> None:
        """Try what is due until the session ends, then wait for the handlers that run."""
        try:
            while True:
                self._ended.clear()
                is_full = await self._look()
                # More may be due than there was room for: look again as soon as an attempt ends.
                await self._ending.wait(*([self._ended] if is_full else []), seconds=POLL_SECONDS)
        except Left:
            await asyncio.gather(*self._trying.values())
        finally:
            late = list(self._trying.values())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _look(self) -> bool:
        """Begin with what is due; return whether that took all the room there was."""
        room, begun = AT_ONCE - len(self._trying), 0
        try:
            due = await self._table.due(without=list(self._trying), types_at_rest=self._outages.types_at_rest(), limit=room)
            await self._measure()
        except Exception as error:  # noqa: BLE001  # logged; the next look may succeed
            _note(error, self._queue)
            return False
        for each in due:
            # Of a type whose dependency is away, one aggregate at a time.
            outage = self._outages.get(each.unavailable_type or "")
            if not outage or outage.may_try():
                self._begin(each)
                begun += 1
        return begun == room

    def _begin(self, due: Due) -> None:
        task = asyncio.create_task(self._try_all(due.aggregate))
        self._trying[due.aggregate] = task
        task.add_done_callback(lambda _done: self._trying.pop(due.aggregate, None))

    async def _try_all(self, aggregate: str) -> None:
        try:
            if (attempts := await self._table.begin(aggregate)) is not None:
                await self._drain(aggregate, attempts)
            # Not after an exception: while the table cannot be written, the same ones stay due.
            self._ended.set()
        except Exception as error:  # noqa: BLE001  # logged; its lease ends, and another attempt begins
            _note(error, self._queue)

    async def _drain(self, aggregate: str, attempts: int) -> None:
        while True:
            message = await self._table.head(aggregate)
            if message is None:
                if await self._table.unpark(aggregate):
                    log.info("aggregate_unparked", queue=self._queue, aggregate_id=aggregate)
                    return
            elif verdict := await self._try(message, attempts):
                await self._table.end(aggregate, verdict)
                return
            else:
                await self._table.remove(aggregate, message.position)
                attempts = 1

    async def _try(self, message: ParkedMessage, attempts: int) -> Verdict | None:
        """Try a message once; return a verdict unless it took effect."""
        since = time.perf_counter()
        try:
            delivery = decode(message, self._handlers.classes, attempt=attempts)
        except Undecodable as error:
            return after_decoding(error, attempts)
        outage = self._outages.get(delivery.type)
        if self._ending.has_begun or (outage and not outage.claim()):
            return while_away(delivery.type, attempts=attempts - 1)
        with handling(delivery):
            result = await self._handlers.run(delivery, is_foreign=outage is not None)
            if isinstance(result, Outcome):
                self._reports.report(message, result, since=since, attempt=attempts)
                return None
            self._reports.report(message, Outcome.RETRIED, since=since, attempt=attempts, failure=result)
        if result.dependency_away:
            return while_away(delivery.type, attempts=attempts - 1, failure=result)
        return after_fault(result, attempts)

    async def _measure(self) -> None:
        if time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = time.monotonic()
        size = await self._table.measure()
        PARKED_AGGREGATES.labels(self._queue).set(size.aggregates)
        PARKED_MESSAGES.labels(self._queue).set(size.messages)
        OLDEST_PARKED.labels(self._queue).set(size.oldest_seconds)


def _note(error: Exception, queue: str) -> None:
    failure = Failure.of(error)
    if failure and failure.transient:
        log.warning("parked_wait_for_database", queue=queue, reason=failure.reason)
    else:
        log.error("parked_not_tried", queue=queue, exc_info=error)
