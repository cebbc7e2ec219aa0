"""Fees, VAT and conversions: what a payer pays, and that no cent is lost or created."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue
from kernel.money import InvalidAmount, Money, UnknownCurrency
from payments.domain.errors import NoRate, TooSmallToConvert
from payments.domain.fee_rule import FeeRule, Tier
from payments.domain.price_book import FEES, VAT, PriceBook, Quote
from payments.domain.rounding import Rounding
from payments.domain.validity import Validity
from services.payments.tests.unit.prices import ALWAYS, AT, DAY, fee_rule, fx_rate, tier

roundings = st.sampled_from(list(Rounding))
cents = st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-2))
percents = st.decimals(0, 100, places=4)
tiers = st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 10**6), percents), max_size=5, unique_by=lambda t: t[0])


def quote(book: PriceBook, amount: str = "100.00", **changes: object) -> Quote:
    return book.quote(**{"kind": "transfer", "amount": Money.of(amount, "NAD"), "at": AT, **changes})  # type: ignore[arg-type]


def lines(quoted: Quote) -> list[tuple[str, str]]:
    return [(line.account_code, line.amount.text) for line in quoted.fees]


@st.composite
def rules(draw: st.DrawFn) -> FeeRule:
    drawn = sorted(draw(tiers))
    first = Tier(Decimal(0), Decimal(draw(st.integers(0, 10**6))).scaleb(-2), draw(percents))
    later = (Tier(Decimal(start).scaleb(-2), Decimal(flat).scaleb(-2), percent) for start, flat, percent in drawn)
    return fee_rule(
        first,
        *later,
        marginal=draw(st.booleans()),
        vat_percent=draw(percents),
        rounding=draw(roundings),
        least=draw(st.none() | st.just(Decimal("1.50"))),
        most=draw(st.none() | st.just(Decimal("2500.00"))),
    )


def test_without_rules_there_is_no_fee() -> None:
    quoted = quote(PriceBook())
    assert (quoted.fees, quoted.conversion, quoted.fee_total.text, quoted.total.text) == ((), None, "0.00", "100.00")


@pytest.mark.parametrize(
    ("rule", "amount", "fee"),
    [
        (fee_rule(tier(flat="2.50")), "100.00", "2.50"),
        (fee_rule(tier(percent="1.5")), "99.99", "1.49"),
        (fee_rule(tier(percent="1.5"), rounding=Rounding.HALF_EVEN), "99.99", "1.50"),
        (fee_rule(tier(flat="1", percent="1")), "100.00", "2.00"),
        (fee_rule(tier(percent="1"), least=Decimal("5.00")), "100.00", "5.00"),
        (fee_rule(tier(percent="1"), most=Decimal("0.50")), "100.00", "0.50"),
        (fee_rule(tier(flat="1"), tier("100", flat="2"), tier("500", percent="1")), "99.99", "1.00"),
        (fee_rule(tier(flat="1"), tier("100", flat="2"), tier("500", percent="1")), "100.00", "2.00"),
        (fee_rule(tier(flat="1"), tier("100", flat="2"), tier("500", percent="1")), "1000.00", "10.00"),
        (fee_rule(tier(percent="2"), tier("100", percent="1"), marginal=True), "100.00", "2.00"),
        (fee_rule(tier(percent="2"), tier("100", percent="1"), marginal=True), "300.00", "4.00"),
        (fee_rule(tier(flat="1", percent="2"), tier("100", flat="3", percent="1"), marginal=True), "300.00", "8.00"),
    ],
)
def test_flat_percent_and_tiers(rule: FeeRule, amount: str, fee: str) -> None:
    assert quote(PriceBook([rule]), amount).fee_total.text == fee


def test_tax_is_a_part_of_the_fee_and_has_its_own_account() -> None:
    rule = fee_rule(tier(flat="11.50"), vat_percent=Decimal(15))
    quoted = quote(PriceBook([rule]))
    assert lines(quoted) == [(FEES, "10.00"), (VAT, "1.50")]
    assert {line.rule_id for line in quoted.fees} == {rule.id}
    assert quoted.total.text == "111.50"


def test_a_waived_role_pays_no_fee_and_others_do() -> None:
    book = PriceBook([fee_rule(waived_roles=frozenset({"staff", "admin"}))])
    assert quote(book, roles=frozenset({"user", "staff"})).fees == ()
    assert quote(book, roles=frozenset({"user"})).fee_total.text == "1.00"


def test_rules_of_other_kinds_and_currencies_do_not_apply_and_matching_ones_add_up() -> None:
    book = PriceBook(
        [
            fee_rule(tier(flat="1"), code="service", refundable=True),
            fee_rule(tier(flat="0.25"), code="levy"),
            fee_rule(tier(flat="7"), code="biller", kind="payment"),
            fee_rule(tier(flat="9"), code="dollars", currency="USD"),
        ]
    )
    quoted = quote(book)
    assert lines(quoted) == [(FEES, "0.25"), (FEES, "1.00")]
    assert [line.refundable for line in quoted.fees] == [False, True]
    assert quote(book, kind="payment").fee_total.text == "7.00"
    assert quote(book, kind="refund").fees == ()


def test_a_version_applies_from_its_start_until_its_end() -> None:
    old = fee_rule(tier(flat="1"), validity=Validity(AT - DAY, AT))
    new = fee_rule(tier(flat="2"), validity=Validity(AT, AT + DAY), version=2)
    book = PriceBook([old, new])
    assert quote(book, at=AT - DAY / 24).fee_total.text == "1.00"
    assert quote(book, at=AT).fee_total.text == "2.00"
    assert quote(book, at=AT + DAY).fees == ()


@given(rules(), cents)
def test_a_fee_is_within_a_cent_of_the_exact_one_and_is_the_sum_of_net_and_tax(rule: FeeRule, amount: Decimal) -> None:
    quoted = quote(PriceBook([rule]), str(amount))
    by_account = {line.account_code: line.amount.amount for line in quoted.fees}
    fee = rule.charge(Money.of(amount, "NAD"))
    assert sum(by_account.values()) == fee.amount == quoted.fee_total.amount
    assert all(part > 0 for part in by_account.values())
    assert abs(Fraction(fee.amount) - _exact_fee(rule, Fraction(amount))) < Fraction(1, 100)
    exact_vat = Fraction(fee.amount) * Fraction(rule.vat_percent) / (100 + Fraction(rule.vat_percent))
    assert abs(Fraction(by_account.get(VAT, Decimal(0))) - exact_vat) < Fraction(1, 100)
    if rule.rounding is Rounding.DOWN:
        assert Fraction(fee.amount) <= _exact_fee(rule, Fraction(amount))
    if rule.rounding is Rounding.UP:
        assert Fraction(fee.amount) >= _exact_fee(rule, Fraction(amount))
    if rule.rounding in {Rounding.HALF_UP, Rounding.HALF_EVEN}:
        assert abs(Fraction(fee.amount) - _exact_fee(rule, Fraction(amount))) <= Fraction(1, 200)


def _exact_fee(rule: FeeRule, amount: Fraction) -> Fraction:
    """Compute the rule's fee again, in exact fractions."""
    reached = [t for t in rule.tiers if Fraction(t.from_amount) <= amount]
    if rule.marginal:
        ends = [Fraction(t.from_amount) for t in rule.tiers[1:]] + [amount]
        fee = sum(
            (
                Fraction(t.flat) + (min(amount, end) - Fraction(t.from_amount)) * Fraction(t.percent) / 100
                for t, end in zip(reached, ends, strict=False)
            ),
            Fraction(0),
        )
    else:
        fee = Fraction(reached[-1].flat) + amount * Fraction(reached[-1].percent) / 100
    fee = max(fee, Fraction(rule.least)) if rule.least is not None else fee
    return min(fee, Fraction(rule.most)) if rule.most is not None else fee


def test_a_conversion_pays_the_payee_the_rate_minus_the_spread() -> None:
    conversion = quote(PriceBook(rates=[fx_rate("0.0549", "1")]), "1000.00", target_currency="USD").conversion
    assert conversion is not None
    assert (conversion.target.text, conversion.spread.text, conversion.middle.text) == ("54.35", "0.55", "54.90")
    assert conversion.rate == Decimal("0.054351")


@given(
    cents,
    st.decimals("0.0000000001", 10**6, places=10),
    st.decimals(0, "99.9999", places=4),
    st.sampled_from(["USD", "ELC"]),
    roundings,
)
def test_a_conversion_balances_in_the_target_currency(
    amount: Decimal, mid: Decimal, spread: Decimal, target: str, rounding: Rounding
) -> None:
    rate = fx_rate(str(mid), str(spread), quote=target, rounding=rounding)
    try:
        conversion = rate.convert(Money.of(amount, "NAD"))
    except TooSmallToConvert:
        assert rounding is not Rounding.UP
        return
    except InvalidAmount:
        assert amount * mid > Decimal(999999999998)
        return
    quantum = Fraction(conversion.target.currency.quantum)
    assert conversion.target.is_positive
    assert conversion.spread.amount >= 0
    assert conversion.target + conversion.spread == conversion.middle
    assert abs(Fraction(conversion.middle.amount) - Fraction(amount) * Fraction(mid)) < quantum
    assert abs(Fraction(conversion.target.amount) - Fraction(amount) * Fraction(conversion.rate)) < quantum
    if rounding is Rounding.DOWN:
        assert Fraction(conversion.middle.amount) <= Fraction(amount) * Fraction(mid)


@given(cents, st.decimals("0.0001", 10**3, places=10), st.decimals("0.0001", 50, places=4))
def test_converting_there_and_back_never_makes_money(amount: Decimal, mid: Decimal, spread: Decimal) -> None:
    """Even with the exact inverse rate, rounded by one digit in the customer's favour."""
    back_mid = (1 / mid).quantize(Decimal("1e-10"))
    if mid * back_mid > 1 or back_mid <= 0:
        return
    there, back = fx_rate(str(mid), str(spread)), fx_rate(str(back_mid), str(spread), base="USD", quote="NAD")
    try:
        returned = back.convert(there.convert(Money.of(amount, "NAD")).target).target
    except (TooSmallToConvert, InvalidAmount):
        return
    assert returned.amount <= amount


def test_without_a_rate_in_force_a_conversion_is_refused() -> None:
    book = PriceBook(rates=[fx_rate(validity=Validity(AT - DAY, AT))])
    assert quote(book, at=AT - DAY / 2, target_currency="USD").conversion
    with pytest.raises(NoRate):
        quote(book, at=AT, target_currency="USD")
    with pytest.raises(NoRate):
        quote(book, target_currency="ZAR")
    with pytest.raises(NoRate):  # a rate applies in one direction
        book.quote(kind="transfer", amount=Money.of("1", "USD"), target_currency="NAD", at=AT)


def test_the_same_currency_is_no_conversion() -> None:
    assert quote(PriceBook(), target_currency="NAD").conversion is None


def test_the_largest_rate_can_be_created() -> None:
    assert fx_rate(mid=Decimal(10) ** 10 - 1).mid == Decimal(9999999999)


def test_omitted_parts_of_a_tier_cost_nothing() -> None:
    assert quote(PriceBook([fee_rule(Tier(Decimal(0)))])).fees == ()


def test_an_amount_that_converts_to_zero_is_refused() -> None:
    with pytest.raises(TooSmallToConvert):
        quote(PriceBook(rates=[fx_rate("0.055")]), "0.10", target_currency="USD")


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "With Space"},
        {"kind": "issuance"},
        {"tiers": ()},
        {"tiers": (tier("1"),)},
        {"tiers": (tier(), tier("5"), tier("5"))},
        {"tiers": (tier(), tier("9"), tier("5"))},
        {"tiers": tuple(tier(str(n)) for n in range(21))},
        {"tiers": (tier(percent="100.01"),)},
        {"tiers": (tier(percent="-1"),)},
        {"tiers": (tier(flat="-0.01"),)},
        {"tiers": (tier(flat="0.001"),)},
        {"least": Decimal(-1)},
        {"most": Decimal("0.001")},
        {"least": Decimal(2), "most": Decimal(1)},
        {"vat_percent": Decimal("100.5")},
        {"currency": "EUR"},
    ],
)
def test_an_invalid_fee_rule_cannot_be_created(changes: dict[str, Any]) -> None:
    with pytest.raises((InvalidValue, InvalidAmount, UnknownCurrency)):
        fee_rule(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"quote": "NAD"},
        {"base": "EUR"},
        {"mid": Decimal(0)},
        {"mid": Decimal(-1)},
        {"mid": Decimal("NaN")},
        {"mid": Decimal("0.00000000001")},
        {"mid": Decimal(10) ** 10},
        {"spread_percent": Decimal(100)},
        {"spread_percent": Decimal(101)},
        {"spread_percent": Decimal(-1)},
        {"validity": ALWAYS},
        {"validity": Validity(AT, AT + 8 * DAY)},
    ],
)
def test_an_invalid_rate_cannot_be_created(changes: dict[str, Any]) -> None:
    with pytest.raises((InvalidValue, UnknownCurrency)):
        fx_rate(**changes)


def test_a_fee_may_be_the_same_for_every_amount() -> None:
    rule = fee_rule(tier(percent="1"), least=Decimal(5), most=Decimal(5))
    assert [rule.charge(Money.of(amount, "NAD")).text for amount in ("1.00", "500.00", "9000.00")] == ["5.00"] * 3


def test_the_number_of_tiers_of_a_rule_is_limited() -> None:
    tiers = [tier(str(start)) for start in range(21)]
    assert len(fee_rule(*tiers[:20]).tiers) == 20
    with pytest.raises(InvalidValue):
        fee_rule(*tiers)
