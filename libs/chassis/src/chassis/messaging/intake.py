"""The consumer of one queue on one channel, and the work on its messages."""

from typing import Any, Protocol

from aio_pika.abc import AbstractChannel, AbstractQueue

from chassis.messaging.connection import RPC_TIMEOUT_SECONDS, Session


class QueueWorker(Protocol):
    """Consumes one queue on one session."""

    async def start(self, session: Session) -> None:
        """Start consuming."""

    async def finish(self, grace_seconds: float) -> None:
        """Take no new work, wait up to `grace_seconds` for running handlers, and return the other messages to the queue."""


class Intake:
    """One consumer on one channel."""

    def __init__(self, session: Session, channel: AbstractChannel, queue: AbstractQueue) -> None:
        self.channel = channel
        self._session = session
        self._queue = queue

    @classmethod
    async def open(cls, session: Session, queue: str, prefetch: int) -> "Intake":
        channel = await session.channel(prefetch=prefetch)
        return cls(session, channel, await channel.get_queue(queue, ensure=False))

    async def consume(self, take: Any) -> None:
        await self._queue.consume(take, timeout=RPC_TIMEOUT_SECONDS)

    async def close(self) -> None:
        """End the consumer after its work: the messages it left return to the queue in order, then the next one is active.

        Never cancel a consumer that has messages in hand: the broker makes the next one active at once, which gets later messages
        while those in hand are still with this one.
        """
        await self._session.close(self.channel)
