"""Start order never matters: a process waits for what it needs, and says for what."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from chassis.telemetry import log
from chassis.telemetry.redaction import scrub

FIRST_PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 5.0
_SAY_EVERY_SECONDS = 10.0


class StoppedWaiting(Exception):
    """The process was told to stop while it still waited."""


async def wait_for(what: str, ready: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Try `ready` until it answers without raising and not with False; raises StoppedWaiting when told to stop.

    Pauses double from 0.2 s to 5 s, with jitter; a line tells what it waits for, at first and every ten seconds.
    """
    started, pause, said = time.monotonic(), FIRST_PAUSE_SECONDS, 0.0
    while not stop.is_set():
        problem = await _problem(ready)
        now = time.monotonic()
        if problem is None:
            if said:
                log.info("waited", what=what, seconds=round(now - started, 1))
            return
        if not said or now - said >= _SAY_EVERY_SECONDS:
            said = now
            log.warning("waiting", what=what, problem=problem, seconds=round(now - started, 1))
        await pause_unless(stop, pause * random.uniform(0.5, 1.0))  # noqa: S311  # jitter
        pause = min(pause * 2, PAUSE_SECONDS_MAX)
    raise StoppedWaiting(what)


async def pause_unless(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake at once when told to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _problem(ready: Callable[[], Awaitable[object]]) -> str | None:
    try:
        answer = await ready()
    except Exception as error:  # noqa: BLE001  # whatever is wrong with it is what we wait to be over
        first_line = next(iter(str(error).splitlines()), "")
        return scrub(f"{type(error).__name__}: {first_line}"[:200])
    return "not yet" if answer is False else None
