"""Calls whose requests or responses stream, under the guard of `ServedCall`.

Each message passes it: a request is validated before the servicer gets it, and sending a response has a limit. Servicers may read
and write in both of gRPC's styles: iterators, or `context.read` and `context.write`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, ClassVar

from grpc import aio

from chassis.rpc.served_call import ServedCall, require_valid
from kernel.errors import Unavailable

# A message is sent when the reader has room for it. A reader that has stopped reading must not hold the servicer, which may
# hold a database connection, until the deadline.
SENDING_SECONDS_MAX = 5.0


# When a caller cancels or vanishes, gRPC ends the requests first, as if they were complete, and cancels the servicer just after.
CANCELLATION_SECONDS = 0.01


class SlowReader(Unavailable):
    """The caller reads the responses too slowly."""


class _Stream(ServedCall):
    """Counts and checks the messages of a call."""

    streams: ClassVar[bool] = True
    _received = 0
    _sent = 0

    async def _validated(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            yield self.accept(request)
        await wait_for_cancellation()

    def accept(self, request: Any) -> Any:
        """Count and return a valid request; raises InvalidRequest."""
        require_valid(request)
        self._received += 1
        return request

    async def _send_all(self, responses: Any, context: "_GuardedContext") -> None:
        # A servicer that writes to the context is a coroutine; one that yields is an asynchronous generator.
        if not hasattr(responses, "__aiter__"):
            await responses
            return
        async with aclosing(responses):
            async for response in responses:
                await context.write(response)

    async def send(self, context: Any, response: Any) -> None:
        """Send a response; raises SlowReader."""
        try:
            async with asyncio.timeout(SENDING_SECONDS_MAX):
                await context.write(response)
        except TimeoutError:
            raise SlowReader(sent=self._sent, seconds=SENDING_SECONDS_MAX) from None
        self._sent += 1

    def _counts(self) -> dict[str, int]:
        return {"received": self._received, "sent": self._sent}


class ServedUnaryStream(_Stream):
    async def _call_behaviour(self, request: Any, context: Any) -> Any:
        guarded = _GuardedContext(self, context)
        await self._send_all(self._behaviour(self.accept(request), guarded), guarded)


class ServedStreamUnary(_Stream):
    async def _call_behaviour(self, request: Any, context: Any) -> Any:
        response = await self._behaviour(self._validated(request), _GuardedContext(self, context))
        self._sent = 1
        return response


class ServedStreamStream(_Stream):
    async def _call_behaviour(self, request: Any, context: Any) -> Any:
        guarded = _GuardedContext(self, context)
        await self._send_all(self._behaviour(self._validated(request), guarded), guarded)


async def wait_for_cancellation() -> None:
    """At the end of the requests: raise CancelledError if it is the end of the call."""
    await asyncio.sleep(CANCELLATION_SECONDS)


class _GuardedContext:
    """gRPC's context, whose `read` and `write` pass the guard."""

    def __init__(self, stream: _Stream, context: Any) -> None:
        self._stream = stream
        self._context = context

    async def read(self) -> Any:
        request = await self._context.read()
        if request is not aio.EOF:
            return self._stream.accept(request)
        await wait_for_cancellation()
        return request

    async def write(self, response: Any) -> None:
        await self._stream.send(self._context, response)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)
