"""Money: an amount and its currency, exact, never a float."""

import re
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from typing import Self

from kernel.errors import DomainError, Kind

# Wallet and transfer columns are NUMERIC(20,8): twelve digits before the point.
LARGEST_AMOUNT = Decimal("999999999999.99999999")
# Only plain digits: Decimal() also accepts "NaN", "1e400", digits of other scripts and "1_000".
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)


class InvalidAmount(DomainError):
    """The amount is not a plain decimal number that the currency can represent."""

    kind = Kind.INVALID
    code = "PAY_002"
    disclosed = ("amount", "expected", "largest", "currency", "decimals_max")


class UnknownCurrency(DomainError):
    """The platform does not support this currency."""

    kind = Kind.INVALID
    code = "PAY_003"
    disclosed = ("currency", "known")


class CurrencyMismatch(DomainError):
    """The currencies do not match."""

    kind = Kind.INVALID
    code = "PAY_004"
    disclosed = ("currency", "wallet_currency")


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency, or ELC, the platform's own token."""

    code: str
    minor_units: int
    # The smallest amount: 0.01 for NAD. Stored because every amount is checked against it.
    quantum: Decimal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantum", Decimal(1).scaleb(-self.minor_units))

    @classmethod
    def of(cls, code: str, *, field: str = "currency") -> "Currency":
        """Find a currency by its code; raises UnknownCurrency, which names the field."""
        try:
            return CURRENCIES[code]
        except KeyError:
            raise UnknownCurrency(field=field, currency=code[:8], known=sorted(CURRENCIES)) from None


CURRENCIES = {
    currency.code: currency for currency in (Currency("NAD", 2), Currency("ZAR", 2), Currency("USD", 2), Currency("ELC", 8))
}


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount of one currency, always with the currency's own minor units: `Money.of("5", "NAD").text` is "5.00"."""

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or abs(self.amount) > LARGEST_AMOUNT:
            raise InvalidAmount(field="amount", amount=str(self.amount)[:40], largest=str(LARGEST_AMOUNT))
        exact = self.amount.quantize(self.currency.quantum)
        if exact != self.amount:
            raise InvalidAmount(
                field="amount",
                amount=str(self.amount)[:40],
                currency=self.currency.code,
                decimals_max=self.currency.minor_units,
            )
        object.__setattr__(self, "amount", exact)

    @classmethod
    def of(cls, amount: str | Decimal | int, currency: str, *, field: str = "amount") -> Self:
        """Parse money from external input without rounding; raises InvalidAmount, which names the field, or UnknownCurrency."""
        if isinstance(amount, str):
            if not _PLAIN_DECIMAL.fullmatch(amount):
                raise InvalidAmount(field=field, amount=amount[:40], expected="a plain decimal number such as 250.00")
            amount = Decimal(amount)
        try:
            return cls(Decimal(amount), Currency.of(currency))
        except InvalidAmount as error:
            error.field = field
            raise

    @classmethod
    @cache
    def zero(cls, currency: str) -> Self:
        return cls(Decimal(0), Currency.of(currency))

    @property
    def text(self) -> str:
        """The amount for JSON, messages and audit facts; `str` of a Decimal may return "0E-8"."""
        return f"{self.amount:f}"

    @property
    def is_positive(self) -> bool:
        return self.amount > 0

    def __add__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._require_same(other)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __str__(self) -> str:
        return f"{self.text} {self.currency.code}"

    def _require_same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(field="currency", left=self.currency.code, right=other.currency.code)


def amount_text(amount: Decimal, currency: str) -> str:
    """Return a stored amount of any size with the currency's minor units."""
    return f"{amount.quantize(Currency.of(currency).quantum, context=_WIDE):f}"


# The default context's 28 digits are fewer than NUMERIC(38,8) holds.
_WIDE = Context(prec=60, traps=[Inexact, InvalidOperation])
