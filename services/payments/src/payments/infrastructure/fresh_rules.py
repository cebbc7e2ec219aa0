"""Rules for a process that prices now and then: fetched when work begins, not around the clock."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from kernel.errors import Unavailable

# Fetched anew as long work goes on.
FRESH_SECONDS: Final = 10.0


class FreshRules:
    """`sources` fetch once and tell whether they could; what they could not is too old to work by (Unavailable)."""

    def __init__(
        self, sources: Sequence[Callable[[], Awaitable[bool]]], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sources = sources
        self._monotonic = monotonic
        self._fetched = float("-inf")

    async def refresh(self) -> None:
        if self._monotonic() - self._fetched < FRESH_SECONDS:
            return
        for fetch in self._sources:
            if not await fetch():
                raise Unavailable(reason="prices or approval rules could not be fetched")
        self._fetched = self._monotonic()
