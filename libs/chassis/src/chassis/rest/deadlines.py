"""How long a request and a streamed response may take.

A request's time begins when it is admitted and read: how fast its body arrives is limited by the gateway. When the time is
over, its statement is given up with its connection (`chassis.persistence.connections`), and calls to peers end with it.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from chassis.rpc.deadlines import within
from kernel.errors import Unavailable

# Below the time after which the gateway answers in the service's place (a test checks this), so that clients get our answer.
REQUEST_SECONDS: Final = 7.0
# As above, for a stream that sends nothing.
SILENCE_SECONDS: Final = 9.0

T = TypeVar("T")


class OutOfTime(Unavailable):
    """The request was not completed in time, and whether it took effect is unknown; repeat it with its Idempotency-Key."""


async def in_time(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Run the call; raises OutOfTime after `seconds`."""
    try:
        with within(seconds):
            async with asyncio.timeout(seconds) as limit:
                return await call()
    except TimeoutError:
        if limit.expired():
            raise OutOfTime from None
        raise


async def stream_in_time(chunks: AsyncIterable[T], seconds: float) -> AsyncIterator[T]:
    """Pass on the chunks of a stream; raises TimeoutError if it takes longer than `seconds`, or is silent for too long."""
    clock = asyncio.get_running_loop().time
    ends_at = clock() + seconds
    iterator = aiter(chunks)
    while True:
        async with asyncio.timeout_at(min(clock() + SILENCE_SECONDS, ends_at)):
            try:
                chunk = await anext(iterator)
            except StopAsyncIteration:
                return
        yield chunk
