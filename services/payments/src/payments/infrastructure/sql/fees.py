"""Fee rules in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from kernel.money import Currency
from kernel.pages import Page, PageRequest
from payments.application.versions import VersionRecord
from payments.domain.fee_rule import FeeRule, Tier
from payments.domain.rounding import EXACT, Rounding
from payments.domain.validity import Validity
from payments.infrastructure.sql.versions import SqlVersionReads, VersionTable


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


def _coins(amount: Decimal | None, currency: str) -> Decimal | None:
    """Drop the decimals of the column that the currency does not have."""
    return None if amount is None else amount.quantize(Currency.of(currency).quantum, context=EXACT)


FEE_RULES: Final = VersionTable(
    "fee_rules",
    ("kind", "currency", "tiers", "marginal", "least", "most", "waived_roles", "vat_percent", "rounding", "refundable"),
    _fee_rule,
    _fee_values,
)


class SqlFeeViews(SqlVersionReads):
    async def in_force(
        self, page: PageRequest, *, at: datetime, kind: str | None = None, currency: str | None = None
    ) -> Page[FeeRule]:
        return await self._in_force(FEE_RULES, page, at, kind=kind, currency=currency)

    async def history(self, page: PageRequest, *, code: str | None = None) -> Page[VersionRecord[FeeRule]]:
        return await self._history(FEE_RULES, page, series=code)
