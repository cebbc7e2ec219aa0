"""Versions of prices as rows, for the repositories and the reads alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

from kernel.money import Currency
from payments.domain.fee_rule import FeeRule, Tier
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.rounding import EXACT, Rounding
from payments.domain.validity import Validity

PriceT = TypeVar("PriceT", FeeRule, FxRate, Limit)


@dataclass(frozen=True, slots=True)
class PriceTable(Generic[PriceT]):
    """A table of versions: its own columns, and how its rows are read and written."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Any], PriceT]
    write: Callable[[PriceT], Mapping[str, object]]

    @property
    def selected(self) -> str:
        return ", ".join(("id", "series", "version", "valid_from", "valid_until", *self.columns))


def _fee_rule(row: Any) -> FeeRule:
    return FeeRule(
        id=row.id,
        code=row.series,
        version=row.version,
        kind=row.kind,
        currency=row.currency,
        tiers=tuple(Tier(Decimal(t["from"]), Decimal(t["flat"]), Decimal(t["percent"])) for t in row.tiers),
        validity=Validity(row.valid_from, row.valid_until),
        marginal=row.marginal,
        least=_coins(row.least, row.currency),
        most=_coins(row.most, row.currency),
        waived_roles=frozenset(row.waived_roles),
        vat_percent=row.vat_percent,
        rounding=Rounding(row.rounding),
        refundable=row.refundable,
    )


def _fee_values(rule: FeeRule) -> Mapping[str, object]:
    return {
        "kind": rule.kind,
        "currency": rule.currency,
        "tiers": [{"from": f"{t.from_amount:f}", "flat": f"{t.flat:f}", "percent": f"{t.percent:f}"} for t in rule.tiers],
        "marginal": rule.marginal,
        "least": rule.least,
        "most": rule.most,
        "waived_roles": sorted(rule.waived_roles),
        "vat_percent": rule.vat_percent,
        "rounding": rule.rounding.value,
        "refundable": rule.refundable,
    }


def _fx_rate(row: Any) -> FxRate:
    return FxRate(
        id=row.id,
        base=row.base,
        quote=row.quote,
        version=row.version,
        mid=row.mid,
        spread_percent=row.spread_percent,
        validity=Validity(row.valid_from, row.valid_until),
        rounding=Rounding(row.rounding),
    )


def _rate_values(rate: FxRate) -> Mapping[str, object]:
    return {
        "base": rate.base,
        "quote": rate.quote,
        "mid": rate.mid,
        "spread_percent": rate.spread_percent,
        "rounding": rate.rounding.value,
    }


def _limit(row: Any) -> Limit:
    return Limit(
        id=row.id,
        tier=row.tier,
        currency=row.currency,
        version=row.version,
        validity=Validity(row.valid_from, row.valid_until),
        single_max=row.single_max,
        day_max=row.day_max,
        month_max=row.month_max,
    )


def _limit_values(limit: Limit) -> Mapping[str, object]:
    return {
        "tier": limit.tier,
        "currency": limit.currency,
        "single_max": limit.single_max,
        "day_max": limit.day_max,
        "month_max": limit.month_max,
    }


def _coins(amount: Decimal | None, currency: str) -> Decimal | None:
    """Drop the column's digits that the currency does not have."""
    return None if amount is None else amount.quantize(Currency.of(currency).quantum, context=EXACT)


FEE_RULES: Final = PriceTable(
    "fee_rules",
    ("kind", "currency", "tiers", "marginal", "least", "most", "waived_roles", "vat_percent", "rounding", "refundable"),
    _fee_rule,
    _fee_values,
)
FX_RATES: Final = PriceTable("fx_rates", ("base", "quote", "mid", "spread_percent", "rounding"), _fx_rate, _rate_values)
LIMITS: Final = PriceTable("limits", ("tier", "currency", "single_max", "day_max", "month_max"), _limit, _limit_values)
