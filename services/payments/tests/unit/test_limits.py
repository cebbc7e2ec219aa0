from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue
from kernel.ids import new_id
from kernel.money import CurrencyMismatch, Money
from payments.domain.errors import LimitExceeded
from payments.domain.limits import Limit, LimitBook, Spending, TierLimits, day_of
from payments.domain.validity import Validity
from services.payments.tests.unit.prices import AT, DAY, limit

MONTH_END = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)  # 23:59:59 in Windhoek


def nad(amount: str) -> Money:
    return Money.of(amount, "NAD")


def spent(amount: str = "0.00", at: datetime = AT) -> Spending:
    return Spending.none(new_id(), "NAD", at).plus(nad(amount), at)


def of(*limits: Limit, tier: str = "standard") -> TierLimits:
    return LimitBook(limits).of(tier)


@pytest.mark.parametrize(
    ("period", "left", "maxima"),
    [
        ("transfer", "99.99", {"single_max": "99.99"}),
        ("day", "50.00", {"day_max": "150.00"}),
        ("month", "0.00", {"month_max": "99.00"}),
    ],
)
def test_an_amount_beyond_a_limit_is_refused_with_what_is_left(period: str, left: str, maxima: dict[str, object]) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        of(limit(**maxima)).admit(spent("100.00"), nad("100.00"), AT)
    assert refusal.value.facts["period"] == period
    assert refusal.value.facts["left"] == left


def test_exactly_the_limit_is_admitted_and_counted() -> None:
    maxima = limit(single_max="50.00", day_max="150.00", month_max="150.00")
    after = of(maxima).admit(spent("100.00"), nad("50.00"), AT)
    assert (after.day_total, after.month_total) == (Decimal(150), Decimal(150))


def test_without_a_limit_everything_is_admitted_and_counted() -> None:
    assert of().admit(spent(), nad("999999999.00"), AT).day_total == Decimal("999999999.00")
    assert of(limit(day_max="1.00"), tier="business").admit(spent(), nad("2.00"), AT)
    assert of(limit(day_max="1.00", currency="USD")).admit(spent(), nad("2.00"), AT)


def test_a_limit_applies_while_it_is_in_force() -> None:
    limits = of(limit(day_max="1.00", validity=Validity(AT, AT + DAY)))
    assert limits.admit(spent(), nad("2.00"), AT - DAY / 24)
    with pytest.raises(LimitExceeded):
        limits.admit(spent(), nad("2.00"), AT)
    assert limits.admit(spent(), nad("2.00"), AT + DAY)


def test_days_and_months_are_those_of_namibia() -> None:
    assert day_of(MONTH_END) == date(2026, 3, 31)
    assert day_of(MONTH_END + timedelta(seconds=1)) == date(2026, 4, 1)
    before = spent("10.00", MONTH_END)
    next_month = before.rolled(MONTH_END + timedelta(seconds=1))
    assert (next_month.day_total, next_month.month_total) == (Decimal(0), Decimal(0))
    next_day = spent("10.00", AT).rolled(AT + DAY)
    assert (next_day.day_total, next_day.month_total) == (Decimal(0), Decimal(10))


def test_a_clock_that_runs_backwards_does_not_raise_a_limit() -> None:
    assert spent("10.00", AT).rolled(AT - 40 * DAY).day_total == Decimal(10)


def test_what_did_not_move_is_returned_to_the_period_that_counted_it() -> None:
    same_day = spent("10.00").less(nad("4.00"), spent_at=AT, at=AT)
    assert (same_day.day_total, same_day.month_total) == (Decimal(6), Decimal(6))
    next_day = spent("10.00").less(nad("4.00"), spent_at=AT, at=AT + DAY)
    assert (next_day.day_total, next_day.month_total) == (Decimal(0), Decimal(6))
    next_month = spent("10.00").less(nad("4.00"), spent_at=AT, at=AT + 20 * DAY)
    assert (next_month.day_total, next_month.month_total) == (Decimal(0), Decimal(0))


def test_what_is_returned_for_yesterday_does_not_reduce_todays_total() -> None:
    today = spent("10.00", AT).plus(nad("5.00"), AT + DAY).less(nad("4.00"), spent_at=AT, at=AT + DAY)
    assert (today.day_total, today.month_total) == (Decimal(5), Decimal(11))
    april = spent("10.00", AT).plus(nad("5.00"), AT + 20 * DAY).less(nad("4.00"), spent_at=AT, at=AT + 20 * DAY)
    assert (april.day_total, april.month_total) == (Decimal(5), Decimal(5))


def test_currencies_are_counted_apart() -> None:
    with pytest.raises(CurrencyMismatch):
        spent().plus(Money.of("1", "USD"), AT)


@given(st.lists(st.tuples(st.integers(0, 72), st.integers(1, 40_000)), max_size=30))
def test_no_sequence_of_transfers_exceeds_a_day_or_a_month(acts: list[tuple[int, int]]) -> None:
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


maxima = st.none() | st.integers(0, 1000_00)
spent_before = st.lists(st.tuples(st.integers(0, 24 * 45), st.integers(1, 200_00)), max_size=10)


@given(spent_before, st.integers(0, 24 * 5), maxima, maxima, maxima)
def test_exactly_what_is_left_is_admitted_and_not_a_cent_more(
    acts: list[tuple[int, int]], hours: int, single: int | None, day: int | None, month: int | None
) -> None:
    spending, at = Spending.none(new_id(), "NAD", AT), AT
    for hour, cents in sorted(acts):
        at = AT + timedelta(hours=hour)
        spending = spending.plus(Money.of(Decimal(cents).scaleb(-2), "NAD"), at)
    at += timedelta(hours=hours)
    named = {"single_max": single, "day_max": day, "month_max": month}
    limits = of(limit(**{name: None if cents is None else f"{Decimal(cents).scaleb(-2)}" for name, cents in named.items()}))

    left = limits.allowance(spending, at).left

    if left is None:
        assert limits.admit(spending, nad("999999999.00"), at)
        return
    if left:
        after = limits.admit(spending, Money.of(left, "NAD"), at)
        assert after.day_total == spending.rolled(at).day_total + left
    with pytest.raises(LimitExceeded):
        limits.admit(spending, Money.of(left + Decimal("0.01"), "NAD"), at)


def test_what_is_left_of_a_day_and_of_a_month_is_reported_separately() -> None:
    allowance = of(limit(single_max="70.00", day_max="150.00", month_max="130.00")).allowance(spent("100.00"), AT)
    assert (allowance.spending.day_total, allowance.spending.month_total) == (Decimal(100), Decimal(100))
    assert (allowance.day_left, allowance.month_left, allowance.left) == (Decimal(50), Decimal(30), Decimal(30))
    # A limit lowered below what is spent leaves zero, not a negative amount.
    lowered = of(limit(day_max="99.00")).allowance(spent("100.00"), AT)
    assert (lowered.day_left, lowered.month_left, lowered.left) == (Decimal(0), None, Decimal(0))
    unlimited = of().allowance(spent("100.00"), AT)
    assert (unlimited.limit, unlimited.day_left, unlimited.month_left, unlimited.left) == (None, None, None, None)


@pytest.mark.parametrize(
    ("at", "day_renews_at", "month_renews_at"),
    [
        ("2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z", "2026-03-31T22:00:00Z"),
        ("2026-03-31T22:00:00Z", "2026-04-01T22:00:00Z", "2026-04-30T22:00:00Z"),
        ("2026-12-31T21:59:59Z", "2026-12-31T22:00:00Z", "2026-12-31T22:00:00Z"),
        ("2028-02-28T22:00:00Z", "2028-02-29T22:00:00Z", "2028-02-29T22:00:00Z"),
        ("2027-01-30T22:00:00Z", "2027-01-31T22:00:00Z", "2027-01-31T22:00:00Z"),
    ],
)
def test_totals_restart_at_midnight_in_namibia(at: str, day_renews_at: str, month_renews_at: str) -> None:
    now = datetime.fromisoformat(at)
    long_ago = spent("10.00", AT - 400 * DAY)

    allowance = of(limit(day_max="150.00", month_max="150.00")).allowance(long_ago, now)

    assert allowance.day_renews_at == datetime.fromisoformat(day_renews_at)
    assert allowance.month_renews_at == datetime.fromisoformat(month_renews_at)
    assert allowance.day_renews_at.tzinfo == allowance.month_renews_at.tzinfo == UTC
    assert (allowance.spending.day_total, allowance.spending.month_total, allowance.left) == (
        Decimal(0),
        Decimal(0),
        Decimal(150),
    )


@pytest.mark.parametrize(
    "changes",
    [{"tier": "VIP"}, {"tier": ""}, {"day_max": "-1"}, {"single_max": "0.001"}, {"month_max": str(10**30)}],
)
def test_an_invalid_limit_cannot_be_created(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        limit(**changes)


def test_a_limit_of_zero_admits_nothing() -> None:
    with pytest.raises(LimitExceeded) as refusal:
        of(limit(day_max="0")).admit(spent(), nad("0.01"), AT)
    assert refusal.value.facts["left"] == "0.00"


def test_a_limit_has_the_range_of_its_column() -> None:
    assert limit(day_max=str(10**29)).day_max == Decimal(10) ** 29
    with pytest.raises(InvalidValue):
        limit(day_max=str(10**30))
