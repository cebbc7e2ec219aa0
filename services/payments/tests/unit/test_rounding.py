"""Splits and consecutive shares lose nothing, and each rounding does what its name says."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue
from kernel.money import CURRENCIES, LARGEST_AMOUNT, Currency, InvalidAmount, Money
from payments.domain.rounding import Rounding, percent_of, pro_rata, rounded, split

currencies = st.sampled_from(sorted(CURRENCIES))


def amounts(currency: str, *, least: int = 0) -> st.SearchStrategy[Money]:
    units = Currency.of(currency).minor_units
    largest = int(LARGEST_AMOUNT.scaleb(8)) // 10 ** (8 - units)
    return st.integers(least, largest).map(lambda n: Money(Decimal(n).scaleb(-units), Currency.of(currency)))


money = currencies.flatmap(amounts)
some_money = currencies.flatmap(lambda currency: amounts(currency, least=1))
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=20).filter(any)


@given(money, weights)
def test_a_split_adds_up_and_no_part_is_a_whole_unit_off(total: Money, by: list[int]) -> None:
    parts = split(total, by)
    assert sum(part.amount for part in parts) == total.amount
    for part, weight in zip(parts, by, strict=True):
        fair = Fraction(total.amount) * weight / sum(by)
        assert abs(Fraction(part.amount) - fair) < Fraction(total.currency.quantum)
        assert weight or not part.is_positive


@given(money, weights)
def test_a_negative_total_splits_like_its_positive(total: Money, by: list[int]) -> None:
    assert split(-total, by) == tuple(-part for part in split(total, by))


def test_the_largest_remainder_gets_the_odd_unit_and_the_first_of_equals() -> None:
    assert [part.text for part in split(Money.of("1.00", "NAD"), (1, 1, 1))] == ["0.34", "0.33", "0.33"]
    assert [part.text for part in split(Money.of("0.05", "NAD"), (3, 7))] == ["0.02", "0.03"]
    assert [part.text for part in split(Money.of("1.00", "NAD"), (333, 334, 333))] == ["0.33", "0.34", "0.33"]


@pytest.mark.parametrize("bad", [[], [0], [0, 0], [2, -1]])
def test_weights_that_sum_to_zero_are_refused(bad: list[int]) -> None:
    with pytest.raises(InvalidValue):
        split(Money.of("1.00", "NAD"), bad)


@given(money, some_money, st.data())
def test_consecutive_shares_add_up_to_the_whole(amount: Money, whole: Money, data: st.DataObject) -> None:
    units = int(whole.amount.scaleb(whole.currency.minor_units))
    cuts = sorted({*data.draw(st.lists(st.integers(0, units), max_size=6)), units})
    given_back, before = Decimal(0), Money.zero(amount.currency.code)
    for cut in cuts:
        so_far = pro_rata(amount, Money(Decimal(cut).scaleb(-whole.currency.minor_units), whole.currency), whole)
        assert so_far >= before
        given_back += (so_far - before).amount
        before = so_far
    assert given_back == amount.amount


@pytest.mark.parametrize(("part", "whole"), [("2.00", "1.00"), ("-1.00", "1.00"), ("0.00", "0.00")])
def test_a_part_lies_within_its_whole(part: str, whole: str) -> None:
    with pytest.raises(InvalidValue):
        pro_rata(Money.of("1.00", "NAD"), Money.of(part, "NAD"), Money.of(whole, "NAD"))


@pytest.mark.parametrize(
    ("value", "down", "up", "half_up", "half_even"),
    [
        ("0.125", "0.12", "0.13", "0.13", "0.12"),
        ("0.135", "0.13", "0.14", "0.14", "0.14"),
        ("0.1250000000000000000000001", "0.12", "0.13", "0.13", "0.13"),
        ("0.1249999999999999999999999", "0.12", "0.13", "0.12", "0.12"),
        ("0.12", "0.12", "0.12", "0.12", "0.12"),
        ("0", "0.00", "0.00", "0.00", "0.00"),
    ],
)
def test_each_rounding_does_what_its_name_says(value: str, down: str, up: str, half_up: str, half_even: str) -> None:
    nad = Currency.of("NAD")
    results = [rounded(Decimal(value), nad, rounding).text for rounding in Rounding]
    assert results == [down, up, half_up, half_even]


def test_an_amount_beyond_the_range_of_money_is_refused() -> None:
    with pytest.raises(InvalidAmount):
        rounded(LARGEST_AMOUNT + 1, Currency.of("NAD"), Rounding.DOWN)


@given(money, st.decimals(0, 100, places=6))
def test_a_percentage_is_exact(amount: Money, percent: Decimal) -> None:
    assert Fraction(percent_of(amount.amount, percent)) == Fraction(amount.amount) * Fraction(percent) / 100


@given(money, money)
def test_money_adds_and_subtracts_exactly_within_a_currency(one: Money, other: Money) -> None:
    if one.currency != other.currency or one.amount + other.amount > LARGEST_AMOUNT:
        return
    assert Fraction((one + other).amount) == Fraction(one.amount) + Fraction(other.amount)
    assert one + other - other == one
    assert (one < other) == (one.amount < other.amount)
    assert one - other == -(other - one)


@given(money)
def test_money_is_read_back_from_its_own_text(amount: Money) -> None:
    assert Money.of(amount.text, amount.currency.code) == amount
