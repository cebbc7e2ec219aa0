"""The consumer of one queue on one channel, and the work on its messages."""

from typing import Any, Protocol

from aio_pika.abc import AbstractChannel, AbstractQueue

from chassis.messaging.connection import BROKER_ERRORS, RPC_TIMEOUT_SECONDS, Session


class QueueWorker(Protocol):
    """Consumes one queue on one session."""

    async def start(self, session: Session) -> None:
        """Start consuming."""

    async def finish(self, grace_seconds: float) -> None:
        """Stop consuming, and wait up to `grace_seconds` for running handlers."""


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
