"""Fee rules, rates and limits for tests, in few words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kernel.ids import new_id
from payments.domain.fee_rule import FeeRule, Tier
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.validity import Validity

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = Validity(AT - DAY)


def tier(from_amount: str = "0", *, flat: str = "0", percent: str = "0") -> Tier:
    return Tier(Decimal(from_amount), Decimal(flat), Decimal(percent))


def fee_rule(*priced: Tier, code: str = "transfer", **changes: object) -> FeeRule:
    values: dict[str, object] = {
        "id": new_id(),
        "code": code,
        "version": 1,
        "kind": "transfer",
        "currency": "NAD",
        "tiers": priced or (tier(flat="1"),),
        "validity": ALWAYS,
        **changes,
    }
    return FeeRule(**values)  # type: ignore[arg-type]  # tests choose which


def fx_rate(middle: str = "0.055", spread: str = "1", **changes: object) -> FxRate:
    values: dict[str, object] = {
        "id": new_id(),
        "base": "NAD",
        "quote": "USD",
        "version": 1,
        "mid": Decimal(middle),
        "spread_percent": Decimal(spread),
        "validity": Validity(AT - DAY, AT + DAY),
        **changes,
    }
    return FxRate(**values)  # type: ignore[arg-type]  # tests choose which


def limit(**changes: object) -> Limit:
    amounts = {name: Decimal(value) for name, value in changes.items() if name.endswith("_max") and isinstance(value, str)}
    values: dict[str, object] = {
        "id": new_id(),
        "tier": "standard",
        "currency": "NAD",
        "version": 1,
        "validity": ALWAYS,
        **changes,
        **amounts,
    }
    return Limit(**values)  # type: ignore[arg-type]  # tests choose which
