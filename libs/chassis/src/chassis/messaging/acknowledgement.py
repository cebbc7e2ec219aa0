"""The outcome of a message after its handler: acknowledged, retried later, or moved to the dead letters.

Never use `nack(requeue=True)`: RabbitMQ 4.3 redelivers such a message at once, in an endless loop.
"""

import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aiormq.channel import Channel
from prometheus_client import Counter, Histogram

from chassis.errors import as_domain_error
from chassis.messaging.connection import BROKER_ERRORS, Session
from chassis.messaging.contracts import TIME
from chassis.messaging.publisher import publish
from chassis.messaging.topology import RETRY_SECONDS, retry_queue_of
from chassis.messaging.wire import ATTEMPT, FAULTS, amqp_properties, count
from chassis.persistence.delivery import AlreadyHandled
from chassis.telemetry import canonical
from chassis.telemetry.metrics import BUCKETS_SECONDS
from kernel.errors import DomainError, Kind

# Attempts of a message whose handler itself fails.
FAULTS_MAX = 10
# Attempts while a dependency is unavailable, which is not the message's fault: about a day and a half.
ATTEMPTS_MAX = 1_000
# Kinds of errors worth a retry: all others would be refused again.
TRANSIENT = frozenset({Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED, Kind.STALE})

LAG_BUCKETS_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 86_400)
MESSAGES = Counter("messages_consumed", "Messages, by outcome.", ["queue", "type", "outcome"])
HANDLING = Histogram("message_handling_seconds", "Handling one message, or one batch.", ["queue"], buckets=BUCKETS_SECONDS)
LAG = Histogram("message_lag_seconds", "From the event to the end of its handling.", ["queue"], buckets=LAG_BUCKETS_SECONDS)

log = structlog.get_logger()


class Outcome(StrEnum):
    HANDLED = "handled"
    DUPLICATE = "duplicate"
    RETRIED = "retried"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a handler failed, and whether a retry may help."""

    error: DomainError

    @classmethod
    def of(cls, exception: BaseException) -> "Failure | None":
        """Classify a handler's exception; None if the message had already been handled."""
        return None if isinstance(exception, AlreadyHandled) else cls(as_domain_error(exception))

    @property
    def transient(self) -> bool:
        return self.error.kind in TRANSIENT

    @property
    def dependency_away(self) -> bool:
        return self.error.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}


class Acknowledger:
    """Acknowledges, retries or rejects the messages of one queue, on the channel that delivered them."""

    def __init__(self, session: Session, channel: Channel, queue: str, *, types: frozenset[str]) -> None:
        self._session = session
        self._channel = channel
        self._queue = queue
        self._types = types

    async def done(self, message: AbstractIncomingMessage, outcome: Outcome, *, since: float) -> None:
        self.report(message, outcome, since=since)
        await self._send_or_fail_session(message, self._channel.basic_ack(_tag(message), wait=False))

    async def done_up_to(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge this and every earlier message of the channel."""
        await self._send_or_fail_session(message, self._channel.basic_ack(_tag(message), multiple=True, wait=False))

    async def failed(self, message: AbstractIncomingMessage, failure: Failure, *, since: float) -> None:
        """Retry later or give up, depending on the kind of failure and the attempts so far."""
        attempts = count(message, ATTEMPT) + 1
        faults = count(message, FAULTS) + (0 if failure.dependency_away else 1)
        if failure.transient and attempts < ATTEMPTS_MAX and faults < FAULTS_MAX:
            self.report(message, Outcome.RETRIED, since=since, failure=failure)
            await self._send_or_fail_session(message, self._retry(message, attempts, faults))
        else:
            self.report(message, Outcome.DEAD, since=since, failure=failure)
            await self._send_or_fail_session(message, self._channel.basic_reject(_tag(message), requeue=False, wait=False))

    def report(self, message: AbstractIncomingMessage, outcome: Outcome, *, since: float, failure: Failure | None = None) -> None:
        """Count the message and write its log line."""
        event_type = message.type if message.type in self._types else "unknown"
        seconds = time.perf_counter() - since
        MESSAGES.labels(self._queue, event_type, outcome).inc()
        HANDLING.labels(self._queue).observe(seconds)
        fields: dict[str, Any] = {"error": str(failure.error)} if failure else {}
        if (lag := lag_seconds(message)) is not None and outcome is Outcome.HANDLED:
            LAG.labels(self._queue).observe(lag)
            fields["lag_ms"] = round(lag * 1000)
        canonical(
            kind="message",
            name=message.type or "unknown",
            outcome="ok" if outcome is Outcome.HANDLED else str(outcome),
            duration_ms=seconds * 1000,
            queue=self._queue,
            message_id=message.message_id,
            attempt=count(message, ATTEMPT) + 1,
            code=failure.error.code if failure else None,
            **fields,
        )

    async def _retry(self, message: AbstractIncomingMessage, attempts: int, faults: int) -> None:
        delay = RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1]
        # Do not send the broker's own headers (x-death, x-delivery-count).
        headers = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
        await publish(
            self._channel,
            message.body,
            exchange="",
            routing_key=retry_queue_of(self._queue, delay),
            properties=amqp_properties(
                message_id=message.message_id or "",
                event_type=message.type or "",
                producer=message.app_id or "",
                headers={**headers, ATTEMPT: attempts, FAULTS: faults},
            ),
        )
        # Acknowledge only after the copy is confirmed. A crash in between leaves both, and the inbox drops one.
        await self._channel.basic_ack(_tag(message), wait=False)

    async def _send_or_fail_session(self, message: AbstractIncomingMessage, answer: Awaitable[None]) -> None:
        try:
            await answer
        except BROKER_ERRORS as error:
            # Unacknowledged messages are redelivered on the next connection, so open a new one. The inbox knows those that were
            # handled.
            log.info("message_not_acknowledged", queue=self._queue, message_id=message.message_id, reason=repr(error))
            self._session.fail(error)


def lag_seconds(message: AbstractIncomingMessage) -> float | None:
    try:
        return max(0.0, time.time() - datetime.fromisoformat(str(message.headers[TIME])).timestamp())
    except (KeyError, ValueError):
        return None


def _tag(message: AbstractIncomingMessage) -> int:
    if message.delivery_tag is None:
        raise ValueError("a consumed message must have a delivery tag")
    return message.delivery_tag
