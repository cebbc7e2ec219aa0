from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue
from kernel.ids import new_id
from kernel.money import CurrencyMismatch, Money
from payments.domain.errors import LimitExceeded
from payments.domain.limits import Limit, Limits, Spending, TierLimits, day_of
from payments.domain.validity import Validity
from services.payments.tests.unit.prices import AT, DAY, limit

MONTH_END = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)  # 23:59:59 in Windhoek


def nad(amount: str) -> Money:
    return Money.of(amount, "NAD")


def spent(amount: str = "0.00", at: datetime = AT) -> Spending:
    return Spending.none(new_id(), "NAD", at).plus(nad(amount), at)


def of(*limits: Limit, tier: str = "standard") -> TierLimits:
    return Limits(limits).of(tier)


@pytest.mark.parametrize(
    ("period", "left", "maxima"),
    [
        ("transfer", "99.99", {"single_max": "99.99"}),
        ("day", "50.00", {"day_max": "150.00"}),
        ("month", "0.00", {"month_max": "99.00"}),
    ],
)
def test_what_goes_beyond_is_refused_and_says_what_is_left(period: str, left: str, maxima: dict[str, object]) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        of(limit(**maxima)).admit(spent("100.00"), nad("100.00"), AT)
    assert refusal.value.facts["period"] == period
    assert refusal.value.facts["left"] == left


def test_exactly_the_limit_is_admitted_and_counted() -> None:
    maxima = limit(single_max="50.00", day_max="150.00", month_max="150.00")
    after = of(maxima).admit(spent("100.00"), nad("50.00"), AT)
    assert (after.day_total, after.month_total) == (Decimal(150), Decimal(150))


def test_without_a_limit_all_is_admitted_and_counted() -> None:
    assert of().admit(spent(), nad("999999999.00"), AT).day_total == Decimal("999999999.00")
    assert of(limit(day_max="1.00"), tier="business").admit(spent(), nad("2.00"), AT)
    assert of(limit(day_max="1.00", currency="USD")).admit(spent(), nad("2.00"), AT)


def test_a_limit_holds_while_it_is_valid() -> None:
    limits = of(limit(day_max="1.00", validity=Validity(AT, AT + DAY)))
    assert limits.admit(spent(), nad("2.00"), AT - DAY / 24)
    with pytest.raises(LimitExceeded):
        limits.admit(spent(), nad("2.00"), AT)
    assert limits.admit(spent(), nad("2.00"), AT + DAY)


def test_days_and_months_are_namibias() -> None:
    assert day_of(MONTH_END) == date(2026, 3, 31)
    assert day_of(MONTH_END + timedelta(seconds=1)) == date(2026, 4, 1)
    before = spent("10.00", MONTH_END)
    next_month = before.rolled(MONTH_END + timedelta(seconds=1))
    assert (next_month.day_total, next_month.month_total) == (Decimal(0), Decimal(0))
    next_day = spent("10.00", AT).rolled(AT + DAY)
    assert (next_day.day_total, next_day.month_total) == (Decimal(0), Decimal(10))


def test_a_clock_that_runs_back_gives_nothing_away() -> None:
    assert spent("10.00", AT).rolled(AT - 40 * DAY).day_total == Decimal(10)


def test_what_did_not_happen_is_given_back_where_it_was_counted() -> None:
    same_day = spent("10.00").less(nad("4.00"), spent_at=AT, at=AT)
    assert (same_day.day_total, same_day.month_total) == (Decimal(6), Decimal(6))
    next_day = spent("10.00").less(nad("4.00"), spent_at=AT, at=AT + DAY)
    assert (next_day.day_total, next_day.month_total) == (Decimal(0), Decimal(6))
    next_month = spent("10.00").less(nad("4.00"), spent_at=AT, at=AT + 20 * DAY)
    assert (next_month.day_total, next_month.month_total) == (Decimal(0), Decimal(0))


def test_what_is_given_back_for_yesterday_is_not_taken_off_today() -> None:
    today = spent("10.00", AT).plus(nad("5.00"), AT + DAY).less(nad("4.00"), spent_at=AT, at=AT + DAY)
    assert (today.day_total, today.month_total) == (Decimal(5), Decimal(11))
    april = spent("10.00", AT).plus(nad("5.00"), AT + 20 * DAY).less(nad("4.00"), spent_at=AT, at=AT + 20 * DAY)
    assert (april.day_total, april.month_total) == (Decimal(5), Decimal(5))


def test_currencies_are_counted_apart() -> None:
    with pytest.raises(CurrencyMismatch):
        spent().plus(Money.of("1", "USD"), AT)


@given(st.lists(st.tuples(st.integers(0, 72), st.integers(1, 40_000)), max_size=30))
def test_no_order_of_transfers_gets_past_a_day_or_a_month(acts: list[tuple[int, int]]) -> None:
    limits = of(limit(single_max="300.00", day_max="500.00", month_max="800.00"))
    spending, admitted = Spending.none(new_id(), "NAD", AT), list[tuple[date, Decimal]]()
    for hours, cents in sorted(acts):
        at, amount = AT + timedelta(hours=hours), Decimal(cents).scaleb(-2)
        try:
            spending = limits.admit(spending, Money.of(amount, "NAD"), at)
        except LimitExceeded:
            day_sum = sum((done for day, done in admitted if day == day_of(at)), Decimal(0))
            month_sum = sum((done for _, done in admitted), Decimal(0))
            assert amount > 300 or day_sum + amount > 500 or month_sum + amount > 800
            continue
        admitted.append((day_of(at), amount))
    for day in {day for day, _ in admitted}:
        assert sum(amount for on, amount in admitted if on == day) <= 500
    assert sum(amount for _, amount in admitted) <= 800


@pytest.mark.parametrize(
    "changes",
    [{"tier": "VIP"}, {"tier": ""}, {"day_max": "-1"}, {"single_max": "0.001"}, {"month_max": str(10**30)}],
)
def test_a_limit_that_makes_no_sense_cannot_be_made(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        limit(**changes)


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    with pytest.raises(LimitExceeded) as refusal:
        of(limit(day_max="0")).admit(spent(), nad("0.01"), AT)
    assert refusal.value.facts["left"] == "0.00"


def test_a_limit_is_no_larger_than_its_column() -> None:
    assert limit(day_max=str(10**29)).day_max == Decimal(10) ** 29
    with pytest.raises(InvalidValue):
        limit(day_max=str(10**30))
