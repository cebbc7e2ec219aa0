"""A bulk's progress as server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from fastapi.responses import StreamingResponse

from kernel.errors import DomainError, Unavailable
from payments.application.bulk_transfers.views import BulkView
from payments.interfaces.rest.schemas.bulk_transfers import BulkResponse

EVENT_STREAM: Final = "text/event-stream"
LOOK_EVERY_SECONDS: Final = 0.5
# The gateway gives up on a response that is silent for ten seconds.
SILENCE_LOOKS_MAX: Final = 10
# Then the client reconnects, so that an expired token is noticed.
LOOKS_MAX: Final = 600
# Twice the time of so many looks at a fast database.
STREAM_SECONDS_MAX: Final = 2 * LOOKS_MAX * LOOK_EVERY_SECONDS
# Per process. Each follower reads one row twice a second.
FOLLOWERS_MAX: Final = 200

_followers = 0


Read = Callable[[], Awaitable[BulkView]]


async def follow(read: Read, *, again: Read | None = None) -> StreamingResponse:
    """Return the stream. Raise the errors of the first read, or Unavailable when there are too many followers.

    `again`, if given, replaces `read` after the first time.
    """
    if _followers >= FOLLOWERS_MAX:
        raise Unavailable(retry_after_seconds=5, followers=_followers)
    first = await read()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(first, again or read), media_type=EVENT_STREAM, headers=headers)


async def _events(seen: BulkView, read: Read) -> AsyncIterator[bytes]:
    global _followers  # noqa: PLW0603  # one counter per process
    _followers += 1
    try:
        yield b"retry: 1000\n\n" + _event(seen)
        silent = 0
        for _ in range(LOOKS_MAX):
            if not seen.is_open:
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                now = await read()
            except DomainError:
                # For example, the session has ended. The client reconnects and receives the reason.
                return
            if now.version != seen.version:
                yield _event(now)
                seen, silent = now, 0
            elif (silent := silent + 1) >= SILENCE_LOOKS_MAX:
                yield b": still here\n\n"
                silent = 0
    finally:
        _followers -= 1


def _event(bulk: BulkView) -> bytes:
    name = "progress" if bulk.is_open else "end"
    return f"event: {name}\nid: {bulk.version}\ndata: {BulkResponse.of(bulk).model_dump_json()}\n\n".encode()
