"""Wait with jitter between attempts, for one of several events, or until a dependency is ready; each wait ends on a stop."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from random import SystemRandom
from typing import Any, Final

from chassis.telemetry import log
from chassis.telemetry.redaction import scrub

REPORT_EVERY_SECONDS: Final = 10.0
_RANDOM: Final = SystemRandom()


class StoppedWaiting(Exception):
    """The process received a stop while it was waiting."""


class Backoff:
    """Doubles from `first_seconds` to `seconds_max`; each wait is 50 to 100% of that, so that many clients spread out."""

    def __init__(self, *, first_seconds: float = 0.2, seconds_max: float = 5.0) -> None:
        self._first = first_seconds
        self._max = seconds_max
        self._next = first_seconds

    def reset(self) -> None:
        self._next = self._first

    def next(self) -> float:
        seconds = self._next * _RANDOM.uniform(0.5, 1.0)
        self._next = min(self._next * 2, self._max)
        return seconds


async def sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, or return at once when `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def wait_any(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Wait until one of the events is set, `seconds` at most."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def run_first(*works: Coroutine[Any, Any, object]) -> None:
    """Run all until the first ends, cancel the others, and raise the exception of the first."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_until_ready(what: str, ready: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Call `ready` until it returns anything but False without raising; raises StoppedWaiting when `stop` is set.

    The waits between calls grow from 0.2 s to 5 s. The log names what the process waits for, first at once and then every ten
    seconds.
    """
    started, backoff, reported = time.monotonic(), Backoff(), 0.0
    while not stop.is_set():
        problem = await _problem(ready, stop)
        now = time.monotonic()
        if problem is None:
            if reported:
                log.info("waited", what=what, seconds=round(now - started, 1))
            return
        if not reported or now - reported >= REPORT_EVERY_SECONDS:
            reported = now
            log.warning("waiting", what=what, problem=problem, seconds=round(now - started, 1))
        await sleep_unless(stop, backoff.next())
    raise StoppedWaiting(what)


async def _problem(ready: Callable[[], Awaitable[object]], stop: asyncio.Event) -> str | None:
    answer: object = False

    async def ask() -> None:
        nonlocal answer
        answer = await ready()

    try:
        # What it asks may be silent, and a stop does not wait for it.
        await run_first(ask(), stop.wait())
    except Exception as error:  # noqa: BLE001  # any failure means: not ready yet
        first_line = next(iter(str(error).splitlines()), "")
        return scrub(f"{type(error).__name__}: {first_line}"[:200])
    return "not yet" if answer is False else None
