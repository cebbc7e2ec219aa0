"""Waiting: between attempts with jitter, for whichever comes first, and never longer than a stop takes."""

import asyncio
from collections.abc import Coroutine
from random import SystemRandom
from typing import Any

_RANDOM = SystemRandom()


class Backoff:
    """Doubles from `first_seconds` to `seconds_max`; each wait is half to all of that, so that a crowd spreads out."""

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


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, or less when told to stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
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


async def run_first(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends, cancel the others, and raise what it raised."""
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
