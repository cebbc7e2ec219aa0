"""New notices as server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from fastapi.responses import StreamingResponse

from identity.application.notices.views import NoticeState
from identity.interfaces.rest.schemas.notices import NoticeStateResponse
from kernel.errors import DomainError, Unavailable

EVENT_STREAM: Final = "text/event-stream"
LOOK_EVERY_SECONDS: Final = 2.0
# The gateway gives up on a response that is silent for ten seconds.
SILENCE_LOOKS_MAX: Final = 3
# Then the client reconnects, so that an expired token is noticed.
LOOKS_MAX: Final = 150
# Twice the time of so many looks at a fast database.
STREAM_SECONDS_MAX: Final = 2 * LOOKS_MAX * LOOK_EVERY_SECONDS
# Per process. Each follower reads two index ranges every two seconds.
FOLLOWERS_MAX: Final = 500

_followers = 0

Read = Callable[[], Awaitable[NoticeState]]


async def follow(read: Read, *, again: Read) -> StreamingResponse:
    """Return the stream. Raise the errors of the first read, or Unavailable when there are too many followers.

    `again` replaces `read` after the first time.
    """
    if _followers >= FOLLOWERS_MAX:
        raise Unavailable(retry_after_seconds=5, followers=_followers)
    first = await read()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(first, again), media_type=EVENT_STREAM, headers=headers)


async def _events(seen: NoticeState, read: Read) -> AsyncIterator[bytes]:
    global _followers  # noqa: PLW0603  # one counter per process
    _followers += 1
    try:
        yield b"retry: 2000\n\n" + _event(seen)
        silent = 0
        for _ in range(LOOKS_MAX):
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                now = await read()
            except DomainError:
                # For example, the session has ended. The client reconnects and receives the reason.
                return
            if now != seen:
                yield _event(now)
                seen, silent = now, 0
            elif (silent := silent + 1) >= SILENCE_LOOKS_MAX:
                yield b": still here\n\n"
                silent = 0
    finally:
        _followers -= 1


def _event(state: NoticeState) -> bytes:
    return f"event: notices\ndata: {NoticeStateResponse.of(state).model_dump_json()}\n\n".encode()
