"""Runs background work of a process in a test, and waits for its effects."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from chassis.waiting import StoppedWaiting

_CANCELLED_TIMES_MAX = 10
_CANCEL_SECONDS_MAX = 6


@asynccontextmanager
async def running(*runs: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    """Run each `run(stop)` during the block, then stop it gracefully; a crash fails the test.

    A run may end with StoppedWaiting, as the background work of a process may.
    """
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for run in runs:
            tasks.create_task(_awaited(run(stop)))
        try:
            yield stop
        finally:
            stop.set()


async def _awaited(run: Awaitable[None]) -> None:
    with suppress(StoppedWaiting):
        await run


async def end_tasks(before: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel all tasks that are not in `before`, and those that they start; raises AssertionError if some do not end."""
    for _ in range(_CANCELLED_TIMES_MAX):
        left = asyncio.all_tasks().difference(before, {asyncio.current_task()})
        if not left:
            return
        for task in left:
            task.cancel()
        done, _ = await asyncio.wait(left, timeout=_CANCEL_SECONDS_MAX)
        # Retrieve the exceptions, or asyncio would log each as never retrieved.
        _ = [task.exception() for task in done if not task.cancelled()]
    raise AssertionError(f"tasks left by a test do not end: {sorted(task.get_name() for task in left)}")


async def eventually(look: Callable[[], object], expected: object = True, *, seconds: float = 120) -> None:
    """Call `look` until it returns `expected`; raises AssertionError with the last result if it never does.

    `look` may be asynchronous. The timeout allows for a busy machine; the function returns as soon as possible.
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
    """Return a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def endpoint(url: str) -> tuple[str, int]:
    """Return host and port of a URL, as a target for the fault proxy."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        raise ValueError(f"{url} names no host and port")
    return parts.hostname, parts.port


def through(url: str, port: int) -> str:
    """Return the URL with the address of a proxy on this machine."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{port}"))
