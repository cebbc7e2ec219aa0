import operator
from collections.abc import Callable
from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import CURRENCIES, LARGEST_AMOUNT, CurrencyMismatch, InvalidAmount, Money, UnknownCurrency, amount_text

cents = st.integers(min_value=-(10**13), max_value=10**13).map(lambda n: Money.of(Decimal(n).scaleb(-2), "NAD"))


@given(cents, cents, cents)
def test_addition_is_exact(a: Money, b: Money, c: Money) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + b - b == a
    assert a - a == Money.zero("NAD")


@given(cents)
def test_the_text_of_money_parses_to_the_same_money(money: Money) -> None:
    assert Money.of(money.text, "NAD") == money


@given(st.sampled_from(sorted(CURRENCIES)), st.integers(min_value=0, max_value=10**9))
def test_an_amount_has_the_currencys_minor_units(currency: str, units: int) -> None:
    whole, _, decimals = Money.of(units, currency).text.partition(".")
    assert (int(whole), len(decimals)) == (units, CURRENCIES[currency].minor_units)


@pytest.mark.parametrize(
    "amount",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e3",
        "1e400",
        "",
        " 1",
        "1 ",
        "1_000",
        "1,00",
        "+1",
        ".5",
        "5.",
        "0x10",
        "\uff11\uff12",
        "--1",
        "\x001",
    ],
)
def test_only_plain_decimals_are_accepted(amount: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.of(amount, "NAD")


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "NAD"), ("0.000000001", "ELC"), ("1000000000000", "NAD")])
def test_amounts_that_the_currency_cannot_hold_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.of(amount, currency)


def test_trailing_zeros_do_not_count_as_precision() -> None:
    assert Money.of("5.0000", "NAD") == Money.of("5", "NAD")


def test_sums_beyond_the_column_are_refused() -> None:
    largest, least = Money(LARGEST_AMOUNT, CURRENCIES["ELC"]), Money.of("0.00000001", "ELC")
    assert (largest - least) + least == largest
    with pytest.raises(InvalidAmount):
        _ = largest + least
    with pytest.raises(InvalidAmount):
        _ = -largest - least


@given(cents, cents)
def test_money_is_ordered_by_amount(a: Money, b: Money) -> None:
    assert (a < b, a <= b, a > b, a >= b) == (
        a.amount < b.amount,
        a.amount <= b.amount,
        a.amount > b.amount,
        a.amount >= b.amount,
    )
    same = Money.of(a.amount, "NAD")
    assert (a <= same, a >= same, a < same, a > same) == (True, True, False, False)
    assert (-a).amount == -a.amount


@pytest.mark.parametrize(("amount", "positive"), [("0.01", True), ("0.00", False), ("-0.01", False)])
def test_only_amounts_above_zero_are_positive(amount: str, *, positive: bool) -> None:
    assert Money.of(amount, "NAD").is_positive is positive


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge])
def test_amounts_of_different_currencies_cannot_be_combined(operation: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch):
        operation(Money.of("5.00", "NAD"), Money.of("1", "ELC"))
    # Even if they have the same minor units.
    with pytest.raises(CurrencyMismatch):
        operation(Money.of("5.00", "NAD"), Money.of("5.00", "ZAR"))


def test_str_of_money_has_the_currency() -> None:
    assert str(Money.of("5", "NAD")) == "5.00 NAD"
    assert str(Money.zero("ELC")) == "0.00000000 ELC"


@pytest.mark.parametrize("code", ["XXX", "nad", "", "NADX", "\x00"])
def test_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        Money.of("1", code)


def test_large_stored_amounts_are_written_exactly() -> None:
    assert amount_text(Decimal("0E-8"), "ELC") == "0.00000000"
    assert amount_text(Decimal("-123456789012345678901234567890.12000000"), "NAD") == "-123456789012345678901234567890.12"
    with pytest.raises(Inexact):
        amount_text(Decimal("0.00100000"), "NAD")
