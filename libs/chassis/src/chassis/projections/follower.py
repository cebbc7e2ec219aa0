"""Reads the producer's feed, so that a copy is complete from the start and known to be complete as of a moment ago."""

import asyncio
import time
from typing import Final, Protocol

from prometheus_client import Gauge

from chassis.errors import as_domain_error
from chassis.health import Degraded
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.projections.copied_rows import CopiedRow, CopyTable
from chassis.projections.state_table import State, StateTable, Superseded
from chassis.telemetry import log
from chassis.waiting import Backoff, sleep_unless
from kernel.feeds import FeedPage
from kernel.ids import new_id

# Rounds per `seconds_max`: one may be missed without a copy that is behind.
ROUNDS: Final = 3
MEASURE_EVERY_SECONDS: Final = 10.0
COUNT_EVERY_SECONDS: Final = 300.0

AGE = Gauge("projection_age_seconds", "Since when the copy is known to be complete; -1 if it is not filled.", ["projection"])
LAG = Gauge("projection_lag_seconds", "How long the last event of the copy was on its way.", ["projection"])
ROWS = Gauge("projection_rows", "Rows of the copy.", ["projection"])
LIVE = Gauge("projection_live", "1 if the copy is fresh enough to be used.", ["projection"])


class Feed(Protocol):
    """The producer's feed, as a client sees it."""

    async def page(self, cursor: str) -> FeedPage[CopiedRow]:
        """Return the next page. Raise Unavailable if the producer does not answer."""


class Projection:
    """A copy of another service's rows. `seconds_max`: how old its knowledge may be for a use of it."""

    def __init__(self, database: Database, name: str, rows: CopyTable, feed: Feed, *, seconds_max: float) -> None:
        self.name = name
        self.state = StateTable(database, name, rows)
        self.feed = feed
        self.seconds_max = seconds_max
        # Without uses, the copy is still kept.
        self.pause_seconds = (seconds_max or 1) / ROUNDS
        self._id = new_id()
        self._measured_at = self._counted_at = float("-inf")

    async def apply(self, delivery: Delivery, row: CopiedRow) -> None:
        """Write what an event says. It may be late, repeated or out of order."""
        await self.state.apply(row)
        LAG.labels(self.name).set(max(0.0, time.time() - delivery.occurred_at.timestamp()))

    async def run(self, stop: asyncio.Event) -> None:
        """Read the feed until `stop` is set. Any number of processes may run this; one of them reads."""
        backoff, away = Backoff(), False
        while not stop.is_set():
            try:
                # First, or the metrics would not show that the producer is away.
                await self._measure_in_time()
                await self.complete(stop)
                pause, away = self.pause_seconds, False
                backoff.reset()
            except Exception as error:  # noqa: BLE001  # the next round may succeed; meanwhile the copy is behind
                if not away:
                    log.warning("projection_not_completed", projection=self.name, reason=str(as_domain_error(error)))
                pause, away = backoff.next(), True
            await sleep_unless(stop, pause)
        await self.leave()

    async def complete(self, stop: asyncio.Event | None = None) -> bool:
        """Read the feed to its end. Return False if another process reads it, or if `stop` is set before the end."""
        while not (stop and stop.is_set()) and (turn := await self.state.take_turn(self._id)):
            page = await self.feed.page(turn.cursor)
            if page.is_reset:
                log.warning("projection_filled_again", projection=self.name, reason="the producer's history is another one")
                await self.state.fill_again(fill=turn.fill)
                continue
            try:
                await self.state.record(self._id, turn, page)
            except Superseded:
                continue
            if page.is_last:
                return True
        return False

    async def leave(self) -> None:
        """Let another process read the feed at once."""
        await self.state.leave(self._id)

    async def _measure_in_time(self) -> None:
        if time.monotonic() - self._measured_at >= MEASURE_EVERY_SECONDS:
            self._measured_at = time.monotonic()
            await self.measure()

    async def measure(self) -> None:
        condition = await self.state.look()
        state = condition.state(seconds_max=self.seconds_max)
        AGE.labels(self.name).set(-1 if condition.age_seconds is None else condition.age_seconds)
        LIVE.labels(self.name).set(state is State.LIVE)
        if time.monotonic() - self._counted_at >= COUNT_EVERY_SECONDS:
            self._counted_at = time.monotonic()
            ROWS.labels(self.name).set(await self.state.count())

    async def check(self) -> None:
        """Raise Degraded unless the copy can be used; without it, the producer is asked."""
        condition = await self.state.look()
        state = condition.state(seconds_max=self.seconds_max)
        if state is not State.LIVE:
            raise Degraded(state.value)
