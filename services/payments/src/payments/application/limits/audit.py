"""The audit facts of limits and tiers."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.audit import Audited, AuditFact, State
from kernel.reads import ReadOfOthers
from payments.application.ports.limits import AssignedTier
from payments.application.versions import amount_text, version_state
from payments.domain.limits import Limit


def tier_assigned(after: AssignedTier, before: str, *, at: datetime, reason: str) -> AuditFact:
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


def _state(limit: Limit) -> State:
    return {
        **version_state(limit),
        "single_max": amount_text(limit.single_max),
        "day_max": amount_text(limit.day_max),
        "month_max": amount_text(limit.month_max),
    }


LIMIT: Final = Audited(
    action="payments.limit",
    resource_type="limit",
    state=_state,
    id_of=lambda limit: limit.id,
    related=lambda limit: (f"limit:{limit.series}",),
)
