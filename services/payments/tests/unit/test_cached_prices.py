import asyncio
from datetime import datetime

import pytest

from chassis.testing.clocks import ControlledClock
from kernel.errors import Unavailable
from kernel.money import Money
from payments.application.ports.prices import Prices
from payments.domain.validity import Validity
from payments.infrastructure.cached_prices import CachedPrices
from services.payments.tests.unit.prices import ALWAYS, AT, fee_rule, limit, tier


class Database:
    """Prices as stored; `failure` is raised instead."""

    def __init__(self) -> None:
        self.prices = Prices((fee_rule(tier(flat="1")),), (), (limit(day_max="5"),))
        self.failure: Exception | None = None
        self.reads: asyncio.Queue[datetime] = asyncio.Queue()

    async def fetch(self, at: datetime) -> Prices:
        self.reads.put_nowait(at)
        if self.failure:
            raise self.failure
        return self.prices


class Cache:
    def __init__(self, *, interval_seconds: float = 60) -> None:
        self.clock, self.database = ControlledClock(), Database()
        self.prices = CachedPrices(self.database.fetch, self.clock, interval_seconds=interval_seconds)

    def fee(self) -> str:
        quote = self.prices.current().quote(kind="transfer", amount=Money.of("10", "NAD"), at=AT)
        return quote.fee_total.text


async def test_nothing_is_priced_before_the_prices_are_fetched() -> None:
    cache = Cache()
    for ask in (cache.prices.current, cache.prices.limits):
        with pytest.raises(Unavailable):
            ask()
    with pytest.raises(Unavailable):
        await cache.prices.check()
    assert await cache.prices.refresh()
    assert cache.fee() == "1.00"
    assert cache.prices.limits().of("standard").in_force("NAD", AT)
    await cache.prices.check()


async def test_old_prices_apply_while_the_database_is_away_but_not_forever() -> None:
    cache = Cache()
    await cache.prices.refresh()
    cache.database.failure = Unavailable(dependency="database")
    cache.clock.advance(seconds=300)
    assert not await cache.prices.refresh()
    assert cache.fee() == "1.00"
    cache.clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        cache.prices.current()
    cache.database.failure = None
    assert await cache.prices.refresh()
    assert cache.fee() == "1.00"


@pytest.mark.parametrize("jump", [600, -600])
async def test_prices_age_as_fast_when_the_time_of_day_is_set(jump: float) -> None:
    cache = Cache()
    await cache.prices.refresh()
    cache.clock.jump(seconds=jump)
    cache.clock.advance(seconds=300)
    await cache.prices.check()
    cache.clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        await cache.prices.check()


async def test_the_age_of_prices_counts_from_the_start_of_their_query() -> None:
    clock = ControlledClock()

    async def slowly(_at: datetime) -> Prices:
        clock.advance(seconds=60)
        return Prices((), (), ())

    prices = CachedPrices(slowly, clock)
    assert await prices.refresh()
    clock.advance(seconds=240)
    await prices.check()
    clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        await prices.check()


async def test_a_defect_is_not_treated_as_an_outage() -> None:
    cache = Cache()
    cache.database.failure = ValueError("a row that no rule can be made of")
    with pytest.raises(ValueError, match="a row"):
        await cache.prices.refresh()


async def test_the_event_of_a_change_triggers_a_fetch_at_once() -> None:
    cache, stop = Cache(), asyncio.Event()
    running = asyncio.create_task(cache.prices.run(stop))
    await asyncio.wait_for(cache.database.reads.get(), 60)
    cache.database.prices = Prices((fee_rule(tier(flat="2")),), (), ())
    await cache.prices.on_changed(None)
    await asyncio.wait_for(cache.database.reads.get(), 60)
    stop.set()
    await running
    assert cache.fee() == "2.00"


async def test_a_failed_fetch_is_retried_long_before_the_next_regular_one() -> None:
    cache, stop = Cache(interval_seconds=3600), asyncio.Event()
    cache.database.failure = Unavailable(dependency="database")
    running = asyncio.create_task(cache.prices.run(stop))
    for _ in range(2):
        await asyncio.wait_for(cache.database.reads.get(), 60)
    stop.set()
    await running


async def test_without_events_prices_are_fetched_periodically() -> None:
    cache, stop = Cache(interval_seconds=0.01), asyncio.Event()
    running = asyncio.create_task(cache.prices.run(stop))
    for _ in range(3):
        await asyncio.wait_for(cache.database.reads.get(), 60)
    stop.set()
    await running


async def test_a_planned_version_applies_from_its_exact_start_without_a_fetch() -> None:
    cache = Cache()
    at = cache.clock.now()
    old = fee_rule(tier(flat="1"), validity=Validity(ALWAYS.since, at))
    cache.database.prices = Prices((old, fee_rule(tier(flat="2"), validity=Validity(at), version=2)), (), ())
    await cache.prices.refresh()
    assert cache.fee() == "2.00"
