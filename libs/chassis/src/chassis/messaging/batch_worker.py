"""Handles a queue's messages in batches, with one handler call and one acknowledgement per batch."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import groupby, islice
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage

from chassis.messaging.acknowledgement import Acknowledger
from chassis.messaging.connection import Session, underlay_of
from chassis.messaging.contracts import BatchSubscription
from chassis.messaging.failure import Failure
from chassis.messaging.handlers import HANDLER_SECONDS_MAX
from chassis.messaging.intake import Intake
from chassis.messaging.reports import Outcome, Reports
from chassis.messaging.wire import Undecodable, decode
from chassis.persistence.delivery import Delivery
from chassis.telemetry import bind_request, linked_trace
from chassis.waiting import Backoff, wait_any

Item = tuple[AbstractIncomingMessage, Delivery[Any]]

log = structlog.get_logger()


class BatchWorker:
    """Collects batches in the queue's order, and handles one at a time."""

    def __init__(self, queue: str, subscriptions: Mapping[str, BatchSubscription[Any]]) -> None:
        self._queue = queue
        self._subscriptions = subscriptions
        self._classes = {event_type: subscription.message_class for event_type, subscription in subscriptions.items()}
        self._reports = Reports(queue, frozenset(self._classes))
        self._batch_max = max(subscription.batch_max for subscription in subscriptions.values())
        self._wait_seconds = max(subscription.wait_ms_max for subscription in subscriptions.values()) / 1000

    async def start(self, session: Session) -> None:
        # Twice the batch size, so that the next batch collects while this one is handled.
        self._session = session
        self._stopping = asyncio.Event()
        self._arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        intake = self._intake = await Intake.open(session, self._queue, self._batch_max * 2)
        self._acknowledger = Acknowledger(session, await underlay_of(intake.channel), self._queue, self._reports)
        self._work = asyncio.create_task(self._handle_all())
        await intake.consume(self._arrived.put)

    async def finish(self, grace_seconds: float) -> None:
        self._stopping.set()
        await self._arrived.put(None)
        _, late = await asyncio.wait({self._work}, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(self._work, return_exceptions=True)
        await self._intake.close()

    async def _handle_all(self) -> None:
        try:
            while not self._stopping.is_set():
                if first := await self._arrived.get():
                    await self._handle(await self._collect(first))
        except Exception as error:  # a defect; the next session begins with the same messages
            log.exception("batch_worker_failed", queue=self._queue)
            self._session.fail(error)

    async def _collect(self, first: AbstractIncomingMessage) -> list[AbstractIncomingMessage]:
        batch = [first]
        clock = asyncio.get_running_loop().time
        closes_at = clock() + self._wait_seconds
        while len(batch) < self._batch_max and (left := closes_at - clock()) > 0:
            if self._arrived.empty():
                try:
                    message = await asyncio.wait_for(self._arrived.get(), left)
                except TimeoutError:
                    break
            else:
                message = self._arrived.get_nowait()
            if message is None:
                break
            batch.append(message)
        return batch

    async def _handle(self, batch: Sequence[AbstractIncomingMessage]) -> None:
        items: list[Item] = []
        for message in batch:
            try:
                items.append((message, decode(message, self._classes)))
            except Undecodable as error:
                await self._acknowledger.failed(message, Failure.unread(error), since=time.perf_counter())
        for event_type, run in groupby(items, key=lambda item: item[1].type):
            subscription = self._subscriptions[event_type]
            # A batch is as large as the largest subscription allows; smaller ones handle their messages in several parts.
            while part := list(islice(run, subscription.batch_max)):
                if not await self._handle_run(subscription, part):
                    # Later messages would be acknowledged together with those that were not handled.
                    return

    async def _handle_run(self, subscription: BatchSubscription[Any], items: Sequence[Item]) -> bool:
        """Handle messages of one type. While a dependency is unavailable they wait here, in order.

        Return False if they were left for the next session.
        """
        backoff = Backoff()
        since = time.perf_counter()
        while not self._session.lost.is_set():
            failure = await self._try(subscription, items)
            if failure is None:
                for message, _ in items:
                    self._reports.report(message, Outcome.HANDLED, since=since)
                await self._acknowledger.done_up_to(items[-1][0])
                return True
            if not failure.dependency_away:
                await self._one_by_one(subscription, items, failure)
                return True
            log.warning("batch_waiting_for_dependency", queue=self._queue, error=str(failure.error))
            await wait_any(self._stopping, self._session.lost, seconds=backoff.next())
            if self._stopping.is_set():
                return False
        return False

    async def _one_by_one(self, subscription: BatchSubscription[Any], items: Sequence[Item], failure: Failure) -> None:
        """Handle messages one by one, so that only the failing one is retried or rejected."""
        for item in items:
            since = time.perf_counter()
            alone = failure if len(items) == 1 else await self._try(subscription, [item])
            if alone:
                await self._acknowledger.failed(item[0], alone, since=since)
            else:
                await self._acknowledger.done(item[0], Outcome.HANDLED, since=since)

    async def _try(self, subscription: BatchSubscription[Any], items: Sequence[Item]) -> Failure | None:
        deliveries = [delivery for _, delivery in items]
        first = deliveries[0]
        with (
            linked_trace((delivery.traceparent for delivery in deliveries), f"{first.type} process batch"),
            bind_request(str(first.message_id), messages=len(deliveries)),
        ):
            try:
                async with asyncio.timeout(HANDLER_SECONDS_MAX):
                    await subscription.handler(deliveries)
            except Exception as error:  # noqa: BLE001  # classified in one place, and never lost
                return Failure.of(error)
        return None
