"""The audit facts of wrapped keys."""

from datetime import datetime

from kernel.audit import AuditFact


def keys_rewrapped(count: int, what: str, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.master_key.rewrap",
        resource_type="master_key",
        resource_id="current",
        occurred_at=at,
        after={"rewrapped": count, "what": what},
    )
