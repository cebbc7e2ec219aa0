"""A fee rule: the fee of an order, the roles that do not pay it, and its VAT."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.money import Money
from payments.domain.rounding import EXACT, Rounding, percent_of, rounded
from payments.domain.validity import Validity

# Kinds that payers order. Refunds, reversals and issuances are free.
CHARGEABLE: Final = frozenset({"transfer", "payment", "conversion"})
TIERS_MAX: Final = 20
_CODE = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Tier:
    """The flat fee and the percentage that apply from this amount."""

    from_amount: Decimal
    flat: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRule:
    """One version of a rule. A flat or a percentage fee is a rule of one tier, from zero.

    Without `marginal`, the tier of the amount prices the whole amount. With it, each tier prices its own part, and the flat
    fees of all tiers reached are added. Then `least` and `most` are applied, then rounding. The fee includes its VAT. A refund
    returns it pro rata if it is `refundable`.
    """

    id: UUID
    code: str
    version: int
    kind: str
    currency: str
    tiers: tuple[Tier, ...]
    validity: Validity
    marginal: bool = False
    least: Decimal | None = None
    most: Decimal | None = None
    waived_roles: frozenset[str] = frozenset()
    vat_percent: Decimal = Decimal(0)
    rounding: Rounding = Rounding.DOWN
    refundable: bool = False

    def __post_init__(self) -> None:
        _require(_CODE.fullmatch(self.code) is not None, "code", "lower-case letters, digits and hyphens, at most 63", self.code)
        _require(self.kind in CHARGEABLE, "kind", f"one of {', '.join(sorted(CHARGEABLE))}", self.kind)
        _require(0 <= self.vat_percent <= _HUNDRED, "vat_percent", "0 to 100", self.vat_percent)
        _require(0 < len(self.tiers) <= TIERS_MAX, "tiers", f"1 to {TIERS_MAX} tiers", len(self.tiers))
        starts = [tier.from_amount for tier in self.tiers]
        _require(
            starts[0] == 0 and starts == sorted(set(starts)),
            "tiers",
            "amounts of tiers that ascend from 0",
            ", ".join(f"{start:f}" for start in starts),
        )
        for tier in self.tiers:
            _require(0 <= tier.percent <= _HUNDRED, "tiers", "0 to 100 per cent", tier.percent)
            self._require_amount("tiers", tier.from_amount, tier.flat)
        self._require_amount("least", self.least)
        self._require_amount("most", self.most)
        if self.least is not None and self.most is not None:
            _require(self.least <= self.most, "most", "an amount no less than least", self.most)

    @property
    def series(self) -> str:
        return self.code

    def is_waived(self, roles: frozenset[str]) -> bool:
        return not self.waived_roles.isdisjoint(roles)

    def charge(self, amount: Money) -> Money:
        """The fee for an amount, VAT included."""
        fee = self._marginal(amount.amount) if self.marginal else self._whole(amount.amount)
        if self.least is not None:
            fee = max(fee, self.least)
        if self.most is not None:
            fee = min(fee, self.most)
        return rounded(fee, amount.currency, self.rounding)

    def vat_in(self, fee: Money) -> Money:
        """The VAT within a fee. The price includes the tax: 15 % of the net is 15/115 of the gross."""
        if not self.vat_percent:
            return Money(Decimal(0), fee.currency)
        vat = EXACT.divide(EXACT.multiply(fee.amount, self.vat_percent), _HUNDRED + self.vat_percent)
        return rounded(vat, fee.currency, self.rounding)

    def _whole(self, amount: Decimal) -> Decimal:
        tier = next(tier for tier in reversed(self.tiers) if tier.from_amount <= amount)
        return EXACT.add(tier.flat, percent_of(amount, tier.percent))

    def _marginal(self, amount: Decimal) -> Decimal:
        fee = Decimal(0)
        for tier, following in zip(self.tiers, (*self.tiers[1:], None), strict=True):
            if tier.from_amount > amount:
                break
            part = (min(amount, following.from_amount) if following else amount) - tier.from_amount
            fee = EXACT.add(fee, EXACT.add(tier.flat, percent_of(part, tier.percent)))
        return fee

    def _require_amount(self, field: str, *amounts: Decimal | None) -> None:
        for amount in amounts:
            if amount is not None:
                _require(amount >= 0, field, "an amount of zero or more", f"{amount:f}")
                Money.of(amount, self.currency, field=field)


def _require(met: bool, field: str, expected: str, given: object) -> None:
    if not met:
        raise InvalidValue(field=field, expected=expected, given=given)
