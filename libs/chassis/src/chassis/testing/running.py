"""Running a process' background work inside a test, and waiting for what it does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_CANCELLED_TIMES_MAX = 10
_CANCEL_SECONDS_MAX = 6


@asynccontextmanager
async def running(*runs: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    """Run what has a `run(stop)` for the length of the block, then stop it gracefully; its crash fails the test."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for run in runs:
            tasks.create_task(_awaited(run(stop)))
        try:
            yield stop
        finally:
            stop.set()


async def _awaited(run: Awaitable[None]) -> None:
    await run


async def end_tasks(before: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel all tasks that were not there before, and those that they begin; AssertionError when some do not end."""
    for _ in range(_CANCELLED_TIMES_MAX):
        left = asyncio.all_tasks().difference(before, {asyncio.current_task()})
        if not left:
            return
        for task in left:
            task.cancel()
        done, _ = await asyncio.wait(left, timeout=_CANCEL_SECONDS_MAX)
        # Asked, or each would be told as one whose failure nobody looked at.
        _ = [task.exception() for task in done if not task.cancelled()]
    raise AssertionError(f"tasks that a test left do not end: {sorted(task.get_name() for task in left)}")


async def eventually(look: Callable[[], object], expected: object = True, *, seconds: float = 120) -> None:
    """Look until it is as expected; AssertionError with the last finding when it never is.

    `look` may be asynchronous. The seconds are for a crowded machine: nobody waits longer than it takes.
    """
    found: object = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                found = look()
                if isinstance(found, Awaitable):
                    found = await found
                if found == expected:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"after {seconds} s found {found!r}, expected {expected!r}") from None


def free_port() -> int:
    """Find a port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def endpoint(url: str) -> tuple[str, int]:
    """Host and port of a URL, for the fault proxy to lead to."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        raise ValueError(f"{url} names no host and port")
    return parts.hostname, parts.port


def through(url: str, port: int) -> str:
    """The same URL, led through a proxy on this machine."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{port}"))
