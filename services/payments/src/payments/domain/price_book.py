"""Prices of orders from rules in memory. Pure: the same input always gives the same price."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.money import Money
from payments.domain.errors import NoRate
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import Conversion, FxRate

FEES: Final = "fees"
VAT: Final = "vat"


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A part of the fee, in the payer's currency, and the code of the system account that receives it."""

    account_code: str
    amount: Money
    rule_id: UUID
    refundable: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """The payer pays `total`: the amount plus the fees."""

    amount: Money
    fees: tuple[FeeLine, ...] = ()
    conversion: Conversion | None = None

    @property
    def fee_total(self) -> Money:
        return sum((line.amount for line in self.fees), Money.zero(self.amount.currency.code))

    @property
    def total(self) -> Money:
        return self.amount + self.fee_total if self.fees else self.amount


class PriceBook:
    """Every rule and rate in force now or later. The loader leaves out those that have ended."""

    __slots__ = ("_rates", "_rules")

    def __init__(self, rules: Iterable[FeeRule] = (), rates: Iterable[FxRate] = ()) -> None:
        self._rules: dict[tuple[str, str], list[FeeRule]] = defaultdict(list)
        self._rates: dict[tuple[str, str], list[FxRate]] = defaultdict(list)
        for rule in sorted(rules, key=lambda rule: rule.code):
            self._rules[rule.kind, rule.currency].append(rule)
        for rate in rates:
            self._rates[rate.base, rate.quote].append(rate)

    def quote(
        self, *, kind: str, amount: Money, at: datetime, target_currency: str | None = None, roles: frozenset[str] = frozenset()
    ) -> Quote:
        """Price an order at `at`: apply every rule of its kind and currency that is in force and not waived, and the rate.

        `kind` is a transfer's kind, `target_currency` the currency that arrives if it differs from the amount's, `roles` the
        payer's. Raise NoRate, TooSmallToConvert, or InvalidAmount if the result is larger than an amount can be.
        """
        currency = amount.currency.code
        rules = self._rules.get((kind, currency))
        fees = _fees(rules, amount, at, roles) if rules else ()
        if target_currency is None or target_currency == currency:
            return Quote(amount, fees)
        return Quote(amount, fees, self._rate(currency, target_currency, at).convert(amount))

    def _rate(self, base: str, quote: str, at: datetime) -> FxRate:
        for rate in self._rates.get((base, quote), ()):
            if rate.validity.covers(at):
                return rate
        raise NoRate(field="target_currency", currency=base, target_currency=quote)


def _fees(rules: list[FeeRule], amount: Money, at: datetime, roles: frozenset[str]) -> tuple[FeeLine, ...]:
    lines: list[FeeLine] = []
    for rule in rules:
        if not rule.validity.covers(at) or rule.is_waived(roles):
            continue
        fee = rule.charge(amount)
        vat = rule.vat_in(fee)
        for code, part in ((FEES, fee - vat), (VAT, vat)):
            if part.is_positive:
                lines.append(FeeLine(code, part, rule.id, rule.refundable))
    return tuple(lines)
