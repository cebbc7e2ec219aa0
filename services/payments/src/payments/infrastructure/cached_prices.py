"""Prices in the memory of this process: fetched at start, after a change is announced, and every 30 seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from chassis.errors import as_domain_error
from kernel.clock import Clock
from kernel.errors import Kind, Unavailable
from payments.application.ports.prices import Prices
from payments.domain.limits import LimitBook
from payments.domain.price_book import PriceBook

log = structlog.get_logger()

Fetch = Callable[[datetime], Awaitable[Prices]]


class CachedPrices:
    """The PriceBooks and LimitBooks of a process.

    A version with a future start is in memory before it starts, so it applies everywhere at the same moment. One that starts
    at once applies here after the event arrives, at most `interval_seconds` later. Prices that were not refreshed for
    `staleness_seconds_max` are refused: asking the client to retry is better than charging an old price.
    """

    def __init__(self, fetch: Fetch, clock: Clock, *, interval_seconds: float = 30, staleness_seconds_max: float = 300) -> None:
        self._fetch = fetch
        self._clock = clock
        self._interval = interval_seconds
        self._staleness_seconds_max = staleness_seconds_max
        self._book = PriceBook()
        self._limits = LimitBook()
        self._fetched_at = float("-inf")
        self._wake = asyncio.Event()

    def current(self) -> PriceBook:
        self._refuse_stale()
        return self._book

    def limits(self) -> LimitBook:
        self._refuse_stale()
        return self._limits

    async def check(self) -> None:
        """Readiness check: raise Unavailable while nothing can be priced."""
        self._refuse_stale()

    async def on_changed(self, _delivery: object) -> None:
        """Listener callback for PricingChanged."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                refreshed = await self.refresh()
                waking = asyncio.create_task(self._wake.wait())
                seconds = self._interval if refreshed else min(1.0, self._interval)
                await asyncio.wait({stopping, waking}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            stopping.cancel()

    async def refresh(self) -> bool:
        """Fetch once. Return False, and log it, if the database is unavailable."""
        asked_at = self._clock.elapsed()
        try:
            prices = await self._fetch(self._clock.now())
        except Exception as exc:
            if as_domain_error(exc).kind is Kind.INTERNAL:
                raise
            log.warning("prices_not_refreshed", error=str(exc)[:300])
            return False
        self._book = PriceBook(prices.fee_rules, prices.fx_rates)
        self._limits = LimitBook(prices.limits)
        self._fetched_at = asked_at
        return True

    def _refuse_stale(self) -> None:
        if self._clock.elapsed() - self._fetched_at > self._staleness_seconds_max:
            raise Unavailable(reason="prices are not loaded, or too old")
