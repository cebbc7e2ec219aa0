"""An exchange rate for one direction and period, with the platform's spread."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.money import Currency, Money
from payments.domain.errors import TooSmallToConvert
from payments.domain.rounding import EXACT, Rounding, rounded
from payments.domain.validity import Validity

RATE_LIFE_MAX: Final = timedelta(days=7)
MID_DIGITS_MAX: Final = 10
_LARGEST_MID = Decimal(10) ** 10
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """The amount paid in one currency and the amount received in another.

    `target` and `spread`, both in the target's currency, together are `source` converted at the middle rate.
    """

    rate_id: UUID
    rate: Decimal
    source: Money
    target: Money
    spread: Money

    @property
    def middle(self) -> Money:
        return self.target + self.spread


@dataclass(frozen=True, slots=True, kw_only=True)
class FxRate:
    """`mid` units of `quote` for one of `base`, less `spread_percent`, in this direction and period only.

    A rate always ends: once it is old, conversions must be refused.
    """

    id: UUID
    base: str
    quote: str
    version: int
    mid: Decimal
    spread_percent: Decimal
    validity: Validity
    rounding: Rounding = Rounding.DOWN

    def __post_init__(self) -> None:
        if Currency.of(self.base, field="base") == Currency.of(self.quote, field="quote"):
            raise InvalidValue(field="quote", expected="a currency other than `base`", given=self.quote)
        if not self.mid.is_finite() or not 0 < self.mid < _LARGEST_MID or self.mid != round(self.mid, MID_DIGITS_MAX):
            raise InvalidValue(field="mid", expected=f"a number above 0 with at most {MID_DIGITS_MAX} decimals", given=self.mid)
        if not 0 <= self.spread_percent < _HUNDRED:
            raise InvalidValue(field="spread_percent", expected="at least 0 and below 100", given=self.spread_percent)
        until = self.validity.until
        if until is None or until - self.validity.since > RATE_LIFE_MAX:
            raise InvalidValue(
                field="valid_until", expected=f"a time at most {RATE_LIFE_MAX.days} days after valid_from", given=until
            )

    @property
    def series(self) -> str:
        return f"{self.base}/{self.quote}"

    @property
    def customer_rate(self) -> Decimal:
        """The rate after the spread, exact."""
        return EXACT.multiply(self.mid, _HUNDRED - self.spread_percent).scaleb(-2, context=EXACT)

    def convert(self, source: Money) -> Conversion:
        """Convert an amount. Raise TooSmallToConvert if nothing would arrive."""
        target = self._times(source, self.customer_rate)
        if not target.is_positive:
            raise TooSmallToConvert(field="amount", amount=source.text, currency=self.base, target_currency=self.quote)
        # Both are rounded the same way and the middle rate is never the lower one, so the spread is never negative.
        spread = self._times(source, self.mid) - target
        return Conversion(rate_id=self.id, rate=self.customer_rate, source=source, target=target, spread=spread)

    def _times(self, source: Money, rate: Decimal) -> Money:
        return rounded(EXACT.multiply(source.amount, rate), Currency.of(self.quote), self.rounding)
