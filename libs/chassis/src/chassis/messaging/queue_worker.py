"""Handles a queue's messages one by one: many aggregates concurrently, each in order."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from chassis.messaging.acknowledgement import Acknowledger, Failure, Outcome
from chassis.messaging.connection import BROKER_ERRORS, RPC_TIMEOUT_SECONDS, Session, underlay_of
from chassis.messaging.contracts import Subscription
from chassis.messaging.wire import Undecodable, decode, subject_of
from chassis.persistence.delivery import Delivery, current_delivery
from chassis.telemetry import bind_request, linked_trace

# A handler that takes longer has a defect; its message is retried.
HANDLER_SECONDS_MAX = 30.0

log = structlog.get_logger()


class QueueWorker(Protocol):
    """Consumes one queue on one session."""

    async def start(self, session: Session) -> None:
        """Start consuming."""

    async def finish(self, grace_seconds: float) -> None:
        """Stop consuming, and wait up to `grace_seconds` for running handlers."""


class SingleWorker:
    """Runs handlers, at most `prefetch` at once, and one at a time per aggregate."""

    def __init__(self, queue: str, subscriptions: Mapping[str, Subscription[Any]], *, prefetch: int) -> None:
        self._queue = queue
        self._subscriptions = subscriptions
        self._classes = {event_type: subscription.message_class for event_type, subscription in subscriptions.items()}
        self._prefetch = prefetch
        self._in_hand: set[asyncio.Task[None]] = set()
        # The last unfinished message of each aggregate; the next one waits for it.
        self._tails: dict[str, asyncio.Task[None]] = {}

    async def start(self, session: Session) -> None:
        self._session = session
        self._intake = await Intake.open(session, self._queue, self._prefetch)
        self._acknowledger = Acknowledger(
            session, await underlay_of(self._intake.channel), self._queue, types=frozenset(self._classes)
        )
        await self._intake.consume(self._take)

    async def finish(self, grace_seconds: float) -> None:
        await self._intake.cancel()
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        # Use our own task: the client library cancels its tasks when the connection is lost, in the middle of a handler.
        subject = subject_of(message)
        before = self._tails.get(subject) if subject else None
        task = asyncio.create_task(self._handle(message, before))
        self._in_hand.add(task)
        if subject:
            self._tails[subject] = task
        task.add_done_callback(lambda done: self._let_go(done, subject))

    def _let_go(self, task: asyncio.Task[None], subject: str | None) -> None:
        self._in_hand.discard(task)
        if subject and self._tails.get(subject) is task:
            del self._tails[subject]
        if not task.cancelled() and (error := task.exception()):
            log.error("message_worker_failed", queue=self._queue, exc_info=error)
            self._session.fail(error)

    async def _handle(self, message: AbstractIncomingMessage, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait({before})
        since = time.perf_counter()
        try:
            delivery = decode(message, self._classes)
        except Undecodable as error:
            await self._acknowledger.failed(message, Failure(error), since=since)
            return
        with (
            linked_trace((delivery.traceparent,), f"{delivery.type} process"),
            bind_request(str(delivery.message_id)),
        ):
            try:
                await self._run(delivery)
            except Exception as error:  # noqa: BLE001  # classified in one place, and never lost
                if failure := Failure.of(error):
                    await self._acknowledger.failed(message, failure, since=since)
                else:
                    await self._acknowledger.done(message, Outcome.DUPLICATE, since=since)
            else:
                await self._acknowledger.done(message, Outcome.HANDLED, since=since)

    async def _run(self, delivery: Delivery[Any]) -> None:
        token = current_delivery.set(delivery)
        try:
            async with asyncio.timeout(HANDLER_SECONDS_MAX):
                await self._subscriptions[delivery.type].handler(delivery)
        finally:
            current_delivery.reset(token)


class Intake:
    """One consumer on one channel."""

    def __init__(self, channel: AbstractChannel, queue: AbstractQueue) -> None:
        self.channel = channel
        self._queue = queue
        self._tag: str | None = None

    @classmethod
    async def open(cls, session: Session, queue: str, prefetch: int) -> "Intake":
        channel = await session.channel(prefetch=prefetch)
        return cls(channel, await channel.get_queue(queue, ensure=False))

    async def consume(self, take: Any) -> None:
        self._tag = await self._queue.consume(take, timeout=RPC_TIMEOUT_SECONDS)

    async def cancel(self) -> None:
        """Stop consuming; ignores errors, because the session may be lost."""
        if self._tag and not self.channel.is_closed:
            try:
                await self._queue.cancel(self._tag, timeout=RPC_TIMEOUT_SECONDS)
            except BROKER_ERRORS:
                return
