"""The audit facts of pricing."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kernel.audit import AuditFact, State
from kernel.reads import ReadOfOthers
from payments.application.pricing.queries import TierView
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit

NOUNS = {FeeRule: "fee_rule", FxRate: "fx_rate", Limit: "limit"}


def version_changed(
    verb: str, item: FeeRule | FxRate | Limit, before: FeeRule | FxRate | Limit | None, *, at: datetime, reason: str
) -> AuditFact:
    """Account for a version that was set, with the one that it replaces, or for one that was ended."""
    noun = NOUNS[type(item)]
    return AuditFact(
        action=f"payments.{noun}.{verb}",
        resource_type=noun,
        resource_id=str(item.id),
        occurred_at=at,
        before=_state(before) if before else None,
        after=_state(item),
        reason=reason,
        related_ids=(f"{noun}:{item.series}",),
    )


def tier_assigned(after: TierView, before: str, *, at: datetime, reason: str) -> AuditFact:
    return AuditFact(
        action="payments.tier.assign",
        resource_type="customer_tier",
        resource_id=str(after.owner_id),
        occurred_at=at,
        before={"tier": before},
        after={"tier": after.tier, "version": after.version},
        reason=reason,
        related_ids=(str(after.owner_id),),
    )


def tier_read(owner_id: UUID) -> ReadOfOthers:
    return ReadOfOthers(action="payments.tier.read", resource_id=str(owner_id), owners=(owner_id,))


def _state(item: FeeRule | FxRate | Limit) -> State:
    until = item.validity.until
    dated = {
        "series": item.series,
        "version": item.version,
        "valid_from": item.validity.since.isoformat(),
        "valid_until": until.isoformat() if until else None,
    }
    if isinstance(item, FeeRule):
        return {
            **dated,
            "kind": item.kind,
            "currency": item.currency,
            "tiers": [{"from": _text(t.from_amount), "flat": _text(t.flat), "percent": _plain(t.percent)} for t in item.tiers],
            "marginal": item.marginal,
            "least": _text(item.least),
            "most": _text(item.most),
            "waived_roles": sorted(item.waived_roles),
            "vat_percent": _plain(item.vat_percent),
            "rounding": item.rounding.value,
            "refundable": item.refundable,
        }
    if isinstance(item, FxRate):
        return {
            **dated,
            "mid": _plain(item.mid),
            "spread_percent": _plain(item.spread_percent),
            "rounding": item.rounding.value,
        }
    return {**dated, **{name: _text(getattr(item, name)) for name in ("single_max", "day_max", "month_max")}}


def _plain(value: Decimal) -> str:
    # A column has digits of its own: what is read from it must not look changed.
    return f"{value.normalize():f}"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
