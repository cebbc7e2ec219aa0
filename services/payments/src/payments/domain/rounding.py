"""Exact shares of money: each amount is rounded once, by a named rule, and the parts of a split add up."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from kernel.errors import InvalidValue
from kernel.money import Currency, Money


class Rounding(StrEnum):
    """The way to round a fraction of the smallest coin. `half_even` (bankers' rounding) is used only if a rule says so."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


_DECIMAL_MODES: Final = {
    Rounding.DOWN: ROUND_FLOOR,
    Rounding.UP: ROUND_CEILING,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
}
# Products of our columns have at most 60 digits, so they are exact here. A quotient that is not an exact tie differs from one
# in a digit far before the 80th, so rounding it a second time is safe.
EXACT: Final = Context(prec=80, traps=[InvalidOperation])


def rounded(value: Decimal, currency: Currency, rounding: Rounding) -> Money:
    """Round to the currency's smallest coin. Raise InvalidAmount if the result is larger than an amount can be."""
    return Money(value.quantize(currency.quantum, rounding=_DECIMAL_MODES[rounding], context=EXACT), currency)


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """The exact percentage, not rounded."""
    return EXACT.multiply(amount, percent).scaleb(-2, context=EXACT)


def pro_rata(amount: Money, part: Money, whole: Money) -> Money:
    """The share of `amount` for `part` of `whole`, rounded down.

    For successive parts, use the difference between the shares of their running sums: nothing is lost, and the last part
    completes the amount.
    """
    if not 0 <= part.amount <= whole.amount or not whole.is_positive:
        raise InvalidValue(field="amount", expected=f"between 0 and {whole.text}", given=part.text)
    share = EXACT.divide(EXACT.multiply(amount.amount, part.amount), whole.amount)
    return rounded(share, amount.currency, Rounding.DOWN)


def split(total: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Split by weight with the largest-remainder method, so that the parts add up. Of equal remainders the earlier is first.

    A negative total is split like its absolute value. Raise InvalidValue without a positive weight.
    """
    all_weights = sum(weights)
    if all_weights <= 0 or min(weights) < 0:
        raise InvalidValue(field="weights", expected="weights of zero or more, at least one above zero")
    units = int(abs(total.amount).scaleb(total.currency.minor_units, context=EXACT))
    shares = [divmod(units * weight, all_weights) for weight in weights]
    missing = units - sum(whole for whole, _ in shares)
    in_order = sorted(range(len(shares)), key=lambda index: -shares[index][1])
    lucky = set(in_order[:missing])
    sign = -1 if total.amount < 0 else 1
    return tuple(
        Money(Decimal(sign * (whole + (index in lucky))).scaleb(-total.currency.minor_units, context=EXACT), total.currency)
        for index, (whole, _) in enumerate(shares)
    )
