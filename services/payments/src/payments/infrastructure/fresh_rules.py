"""Rules for a process that prices only occasionally: fetched when work starts, not periodically."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from kernel.clock import elapsed_seconds
from kernel.errors import Unavailable

# Fetch again after this time during long work.
FRESH_SECONDS: Final = 10.0


class FreshRules:
    """Each of `sources` fetches once and returns whether it succeeded. If one fails, raise Unavailable: the rules may be old."""

    def __init__(
        self, sources: Sequence[Callable[[], Awaitable[bool]]], *, elapsed: Callable[[], float] = elapsed_seconds
    ) -> None:
        self._sources = sources
        self._elapsed = elapsed
        self._fetched = float("-inf")

    async def refresh(self) -> None:
        if self._elapsed() - self._fetched < FRESH_SECONDS:
            return
        for fetch in self._sources:
            if not await fetch():
                raise Unavailable(reason="prices or approval rules could not be fetched")
        self._fetched = self._elapsed()
