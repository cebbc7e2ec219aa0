"""How an erasure appears in the audit log."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from compliance.domain.retention import RetentionRule
from kernel.audit import AuditFact


def erasure_acknowledged(
    erasure_id: UUID, user_id: UUID, *, rules: Iterable[RetentionRule], until: datetime | None, at: datetime
) -> AuditFact:
    return AuditFact(
        action="compliance.erasure.acknowledge",
        resource_type="erasure",
        resource_id=str(erasure_id),
        occurred_at=at,
        after={"retain_until": until.isoformat() if until else None, "rules": [rule.category for rule in rules]},
        related_ids=(str(user_id),),
    )
