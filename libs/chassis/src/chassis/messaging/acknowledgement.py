"""The outcome of a message after its handler: acknowledged, retried later, or moved to the dead letters.

Never use `nack(requeue=True)`: RabbitMQ 4.3 redelivers such a message at once, in an endless loop.
"""

from collections.abc import Awaitable

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aiormq.channel import Channel

from chassis.messaging.connection import BROKER_ERRORS, Session
from chassis.messaging.failure import FAULTS_MAX, Failure
from chassis.messaging.publisher import publish
from chassis.messaging.reports import Outcome, Reports
from chassis.messaging.topology import RETRY_SECONDS, retry_queue_of
from chassis.messaging.wire import ATTEMPT, FAULTS, amqp_properties, count

# Attempts while a dependency is unavailable, which is not the message's fault: about a day and a half.
ATTEMPTS_MAX = 1_000

log = structlog.get_logger()


class Acknowledger:
    """Acknowledges, retries or rejects the messages of one queue, on the channel that delivered them."""

    def __init__(self, session: Session, channel: Channel, queue: str, reports: Reports) -> None:
        self._session = session
        self._channel = channel
        self._queue = queue
        self._reports = reports

    async def done(
        self, message: AbstractIncomingMessage, outcome: Outcome, *, since: float, failure: Failure | None = None
    ) -> None:
        self._reports.report(message, outcome, since=since, failure=failure)
        await self._send_or_fail_session(message, self._channel.basic_ack(_tag(message), wait=False))

    async def done_up_to(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge this and every earlier message of the channel."""
        await self._send_or_fail_session(message, self._channel.basic_ack(_tag(message), multiple=True, wait=False))

    async def failed(self, message: AbstractIncomingMessage, failure: Failure, *, since: float) -> None:
        """Retry later or give up, depending on the kind of failure and the attempts so far."""
        attempts = count(message, ATTEMPT) + 1
        faults = count(message, FAULTS) + (0 if failure.dependency_away else 1)
        if failure.transient and attempts < ATTEMPTS_MAX and faults < FAULTS_MAX:
            self._reports.report(message, Outcome.RETRIED, since=since, failure=failure)
            await self._send_or_fail_session(message, self._retry(message, attempts, faults))
        else:
            await self.rejected(message, failure, since=since)

    async def rejected(self, message: AbstractIncomingMessage, failure: Failure, *, since: float) -> None:
        """Move the message to the dead letters."""
        self._reports.report(message, Outcome.DEAD, since=since, failure=failure)
        await self._send_or_fail_session(message, self._channel.basic_reject(_tag(message), requeue=False, wait=False))

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


def _tag(message: AbstractIncomingMessage) -> int:
    if message.delivery_tag is None:
        raise ValueError("a consumed message must have a delivery tag")
    return message.delivery_tag
