"""Handles a queue's messages one by one: many aggregates concurrently, each in order, also after a failure.

While a dependency is away, a message waits where it is, and the later ones of its aggregate behind it. If the handler itself
fails, the aggregate is parked: its messages wait in a table until the first one succeeds (parked_worker.py).
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy.exc import DBAPIError

from chassis.errors import sqlstate_of
from chassis.messaging.acknowledgement import Acknowledger
from chassis.messaging.connection import Session, underlay_of
from chassis.messaging.contracts import Subscription
from chassis.messaging.ending import Ending, Left
from chassis.messaging.failure import Failure
from chassis.messaging.handlers import Handlers, handling
from chassis.messaging.intake import Intake
from chassis.messaging.outages import Outages
from chassis.messaging.parked_table import ParkedTable
from chassis.messaging.parked_worker import ParkedWorker
from chassis.messaging.parking import Parking
from chassis.messaging.reports import Outcome, Reports
from chassis.messaging.topology import DELIVERY_LIMIT
from chassis.messaging.verdicts import QUICK_ATTEMPTS, Verdict, after_decoding, after_fault, while_away
from chassis.messaging.wire import Undecodable, count, decode, subject_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.waiting import Backoff
from kernel.errors import DomainError

# Messages in hand. Many more than handlers run at once, because some wait for a dependency or for an earlier message.
PREFETCH: Final = 200
# A message that waits longer for a dependency is parked: the broker ends a channel with a message that is not acknowledged for
# half an hour.
WAITING_SECONDS_MAX: Final = 900.0
# The broker's count of a message's returns to the queue.
_DELIVERIES: Final = "x-delivery-count"

# PostgreSQL cannot hold the message: a zero byte in a header (data exception), a key too long for an index (program limit).
_CANNOT_HOLD: Final = frozenset({"22", "54"})

log = structlog.get_logger()


class DeliveredTooOften(DomainError):
    """The message was delivered again and again, and its consumer ended each time before it acknowledged the message."""


class SingleWorker:
    """Runs handlers, at most `prefetch` messages in hand, and one at a time per aggregate."""

    def __init__(
        self, queue: str, subscriptions: Mapping[str, Subscription[Any]], database: Database, *, prefetch: int = PREFETCH
    ) -> None:
        self._queue = queue
        self._prefetch = prefetch
        self._clock = time.monotonic
        self._outages = Outages(self._clock)
        self._handlers = Handlers(subscriptions, self._outages)
        self._reports = Reports(queue, frozenset(subscriptions))
        self._table = ParkedTable(database, queue)
        self._in_hand: set[asyncio.Task[bool]] = set()
        # The last unfinished message of each aggregate; the next one waits for it.
        self._tails: dict[str, asyncio.Task[bool]] = {}

    async def start(self, session: Session) -> None:
        self._session = session
        self._ending = Ending(session)
        self._parking = Parking(self._table, self._ending)
        self._intake = await Intake.open(session, self._queue, self._prefetch)
        self._acknowledger = Acknowledger(session, await underlay_of(self._intake.channel), self._queue, self._reports)
        parked = ParkedWorker(self._queue, self._table, self._handlers, self._outages, self._reports, self._ending)
        self._parked_work = asyncio.create_task(parked.run())
        await self._intake.consume(self._take)

    async def finish(self, grace_seconds: float) -> None:
        self._ending.begin()
        work = {*self._in_hand, self._parked_work}
        _, late = await asyncio.wait(work, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._parking.close()
        await self._intake.close()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        if self._ending.has_begun:
            # It returns to the queue, behind those in hand.
            return
        # Use our own task: the client library cancels its tasks when the connection is lost, in the middle of a handler.
        subject = subject_of(message)
        before = self._tails.get(subject) if subject else None
        task = asyncio.create_task(self._handle(message, before))
        self._in_hand.add(task)
        if subject:
            self._tails[subject] = task
        task.add_done_callback(lambda done: self._let_go(done, subject))

    def _let_go(self, task: asyncio.Task[bool], subject: str | None) -> None:
        self._in_hand.discard(task)
        if subject and self._tails.get(subject) is task:
            del self._tails[subject]
        if not task.cancelled() and (error := task.exception()):
            log.error("message_worker_failed", queue=self._queue, exc_info=error)
            self._session.fail(error)

    async def _handle(self, message: AbstractIncomingMessage, before: asyncio.Task[bool] | None) -> bool:
        """Handle a message after the one before it; return False if it was left to the next session, and so later ones too."""
        if before:
            await asyncio.wait({before})
            if before.cancelled() or before.exception() or not before.result():
                return False
        try:
            await self._settle(message, subject_of(message))
        except Left:
            return False
        return True

    async def _settle(self, message: AbstractIncomingMessage, aggregate: str | None) -> None:
        since = time.perf_counter()
        try:
            if aggregate and await self._parking.add_if_parked(aggregate, message):
                await self._acknowledger.done(message, Outcome.PARKED, since=since)
            else:
                await self._conclude(message, aggregate, since=since)
        except DBAPIError as error:
            if (sqlstate_of(error) or "")[:2] not in _CANNOT_HOLD:
                raise
            failure = Failure.permanent(Undecodable(reason=type(error.orig).__name__))
            await self._acknowledger.rejected(message, failure, since=since)

    async def _conclude(self, message: AbstractIncomingMessage, aggregate: str | None, *, since: float) -> None:
        try:
            delivery = decode(message, self._handlers.classes)
        except Undecodable as error:
            await self._give_up(message, aggregate, after_decoding(error, 1), since=since)
            return
        with handling(delivery):
            result = await (self._in_place(message, delivery) if aggregate else self._once(delivery))
            if isinstance(result, Verdict):
                await self._give_up(message, aggregate, result, since=since)
            else:
                await self._acknowledger.done(message, result, since=since)

    async def _give_up(self, message: AbstractIncomingMessage, aggregate: str | None, verdict: Verdict, *, since: float) -> None:
        if aggregate:
            await self._parking.park(aggregate, message, verdict)
            # Acknowledge only after the commit. A crash in between leaves both, and the table takes a message only once.
            await self._acknowledger.done(message, Outcome.PARKED, since=since, failure=verdict.failure)
        else:
            await self._acknowledger.failed(message, verdict.failure, since=since)

    async def _once(self, delivery: Delivery[Any]) -> Outcome | Verdict:
        """Run the handler of a message without an aggregate, which may be overtaken in the retry queues."""
        result = await self._handlers.run(delivery)
        return result if isinstance(result, Outcome) else Verdict(result, delivery.attempt, None)

    async def _in_place(self, message: AbstractIncomingMessage, delivery: Delivery[Any]) -> Outcome | Verdict:
        """Run the handler until it succeeds or fails by itself; return why its aggregate must be parked."""
        if count(message, _DELIVERIES) >= DELIVERY_LIMIT:
            # The broker would move it to the dead letters at the next return, and the later ones would overtake it.
            return Verdict(Failure.permanent(DeliveredTooOften(deliveries=count(message, _DELIVERIES) + 1)), 0, 0)
        since, faults, pauses = self._clock(), 0, Backoff()
        while await self._gets_turn(delivery.type, since):
            result = await self._handlers.run(delivery, is_foreign=await self._is_foreign(delivery.type))
            if isinstance(result, Outcome):
                return result
            faults += not result.dependency_away
            if not result.transient or faults >= QUICK_ATTEMPTS:
                return after_fault(result, faults)
            await self._ending.wait(seconds=pauses.next())
        return while_away(delivery.type)

    async def _gets_turn(self, event_type: str, since: float) -> bool:
        """Wait for the turn of a message in an outage of its type; return False if it must not wait in hand any longer."""
        if self._ending.has_begun:
            raise Left
        while (outage := self._outages.get(event_type)) and not outage.claim():
            if outage.is_foreign and (self._is_crowded or self._clock() - since > WAITING_SECONDS_MAX):
                return False
            await self._ending.wait(outage.changed, seconds=outage.seconds_left())
        return True

    @property
    def _is_crowded(self) -> bool:
        """Whether messages that wait keep the broker from delivering others."""
        return len(self._in_hand) >= self._prefetch and not self._handlers.is_busy

    async def _is_foreign(self, event_type: str) -> bool:
        return self._outages.get(event_type) is not None and await self._table.is_reachable()
