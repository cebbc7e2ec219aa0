"""Versions of fees, rates and limits on the real database: what use cases store, and what the database refuses."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from kernel.errors import DomainError
from payments.application import Payments
from payments.application.versions import RequestedPeriod
from payments.domain.errors import LaterVersion
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.rounding import Rounding
from payments.domain.validity import Validity
from payments.infrastructure.sql.prices import SqlPrices
from services.payments.tests.integration.pricing import ADMIN, priced_payments, rows
from services.payments.tests.unit.prices import fee_rule, fx_rate, limit, tier

TWO_AT_ONE_TIME = """
    INSERT INTO limits (id, series, version, valid_from, recorded_by, recorded_at, reason, tier, currency)
    SELECT gen_random_uuid(), series, 2, valid_from, 'x', now(), 'x', tier, currency FROM limits
"""
Draft = Callable[[UUID, Validity], FeeRule]


@pytest.fixture
def payments(database: Database, clock: ControlledClock) -> Payments:
    return priced_payments(database, clock)


def flat(fee: str, **changes: Any) -> Draft:
    return lambda rule_id, validity: fee_rule(tier(flat=fee), id=rule_id, validity=validity, **changes)


def make_rate(rate_id: UUID, validity: Validity) -> FxRate:
    return fx_rate(id=rate_id, validity=validity)


def make_limit(limit_id: UUID, validity: Validity) -> Limit:
    return limit(id=limit_id, validity=validity)


async def set_fee(payments: Payments, fee: str, *, since: datetime | None = None, code: str = "transfer") -> FeeRule:
    return await payments.fees.set_fee_rule(
        actor=ADMIN, draft=flat(fee, code=code), period=RequestedPeriod(since=since, until=None), reason="test"
    )


async def test_every_kind_of_version_is_read_back_unchanged(
    payments: Payments, database: Database, clock: ControlledClock
) -> None:
    at = clock.now()
    rule = await payments.fees.set_fee_rule(
        actor=ADMIN,
        draft=lambda id_, validity: fee_rule(
            tier(flat="1.15"),
            tier("100", percent="0.1234"),
            id=id_,
            validity=validity,
            marginal=True,
            least=Decimal("0.50"),
            most=Decimal("99.99"),
            waived_roles=frozenset({"staff", "admin"}),
            vat_percent=Decimal("15.0000"),
            rounding=Rounding.HALF_EVEN,
            refundable=True,
        ),
        period=RequestedPeriod(since=None, until=at + timedelta(days=9)),
        reason="test",
    )
    rate = await payments.rates.set_rate(
        actor=ADMIN,
        draft=lambda id_, validity: fx_rate("0.0549000000", "1.2500", id=id_, validity=validity, rounding=Rounding.UP),
        period=RequestedPeriod(since=at + timedelta(hours=1), until=at + timedelta(days=1)),
        reason="test",
    )
    maxima = await payments.limits.set_limit(
        actor=ADMIN,
        draft=lambda id_, validity: limit(id=id_, validity=validity, day_max="5000", month_max="1234567890123.45"),
        period=RequestedPeriod(since=None, until=None),
        reason="test",
    )
    prices = await SqlPrices(database).reaching(at)
    assert prices.fee_rules == (rule,)
    assert prices.fx_rates == (rate,)
    assert prices.limits == (maxima,)


async def test_ended_versions_are_left_out_and_later_ones_are_included(
    payments: Payments, database: Database, clock: ControlledClock
) -> None:
    old = await set_fee(payments, "1")
    clock.advance(seconds=60)
    new = await set_fee(payments, "2", since=clock.now() + timedelta(days=1))
    assert [rule.version for rule in (await SqlPrices(database).reaching(clock.now())).fee_rules] == [1, 2]
    later = (await SqlPrices(database).reaching(clock.now() + timedelta(days=1))).fee_rules
    assert [rule.id for rule in later] == [new.id]
    assert old.id != new.id


async def test_each_change_is_announced_and_recorded_with_before_and_after(
    payments: Payments, database: Database, clock: ControlledClock
) -> None:
    first = await set_fee(payments, "1")
    clock.advance(seconds=60)
    second = await set_fee(payments, "2")
    await payments.fees.end_fee_rule(actor=ADMIN, version_id=second.id, until=None, reason="no more")
    types = [row.type for row in await rows(database, "SELECT type FROM outbox ORDER BY position")]
    assert types.count("payments.pricing.changed") == 3
    assert types.count("audit.facts.recorded") == 3
    audits = await rows(database, "SELECT payload FROM outbox WHERE type = 'audit.facts.recorded' ORDER BY position")
    assert str(first.id).encode() in audits[0].payload
    assert all(ADMIN.subject_id.encode() in audit.payload for audit in audits)
    assert b"payments.fee_rule.end" in audits[2].payload
    assert b"no more" in audits[2].payload


async def test_concurrent_price_changes_are_serialized(payments: Payments, database: Database, clock: ControlledClock) -> None:
    """Of versions that start at one instant, one is stored. Versions with different starts do not overlap."""

    async def attempt(minutes: int) -> FeeRule | DomainError:
        try:
            return await set_fee(payments, str(minutes), since=clock.now() + timedelta(minutes=minutes))
        except DomainError as refusal:
            return refusal

    outcomes = await asyncio.gather(*(attempt(minutes) for minutes in (5, 5, 5, 1, 9, 3)))
    made = [outcome for outcome in outcomes if isinstance(outcome, FeeRule)]
    assert all(isinstance(outcome, FeeRule | LaterVersion) for outcome in outcomes)
    assert sorted(rule.version for rule in made) == list(range(1, len(made) + 1))
    assert sum(rule.validity.since == clock.now() + timedelta(minutes=5) for rule in made) <= 1
    overlaps = await rows(
        database,
        "SELECT 1 FROM fee_rules a JOIN fee_rules b ON a.series = b.series AND a.id < b.id"
        " AND tstzrange(a.valid_from, a.valid_until) && tstzrange(b.valid_from, b.valid_until)",
    )
    assert made
    assert overlaps == []


async def test_a_version_ended_many_times_at_once_is_ended_once(payments: Payments, clock: ControlledClock) -> None:
    made = await payments.fees.set_fee_rule(
        actor=ADMIN, draft=flat("1"), period=RequestedPeriod(since=None, until=None), reason="test"
    )
    clock.advance(seconds=60)
    ends = (payments.fees.end_fee_rule(actor=ADMIN, version_id=made.id, until=None, reason="test") for _ in range(5))
    outcomes = await asyncio.gather(*ends, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyEnded"] * 4 + ["FeeRule"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fee_rules SET tiers = '[{}]'",
        "UPDATE fee_rules SET valid_from = now()",
        "UPDATE fee_rules SET valid_until = NULL",
        "UPDATE fee_rules SET vat_percent = 9, valid_until = valid_from",
        "DELETE FROM fee_rules",
        "TRUNCATE fee_rules",
        "UPDATE fx_rates SET mid = 1",
        "UPDATE fx_rates SET valid_until = valid_until + interval '1 day'",
        "DELETE FROM fx_rates",
        "UPDATE limits SET day_max = 1000000",
        "DELETE FROM limits",
        TWO_AT_ONE_TIME,
    ],
)
async def test_history_cannot_be_rewritten_by_anyone(
    payments: Payments, database: Database, clock: ControlledClock, statement: str
) -> None:
    await set_fee(payments, "1")
    until = clock.now() + timedelta(days=1)
    await payments.rates.set_rate(actor=ADMIN, draft=make_rate, period=RequestedPeriod(since=None, until=until), reason="test")
    await payments.limits.set_limit(actor=ADMIN, draft=make_limit, period=RequestedPeriod(since=None, until=None), reason="test")
    with pytest.raises(DBAPIError):
        async with database.engine.begin() as connection:
            await connection.execute(text(statement))
