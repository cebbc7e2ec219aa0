"""How an erasure appears in the audit log."""

from datetime import datetime
from uuid import UUID

from kernel.audit import AuditFact


def erasure_acknowledged(user_id: UUID, erasure_id: UUID, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="governance.erasure.acknowledge",
        resource_type="erasure",
        resource_id=str(erasure_id),
        occurred_at=at,
        # The same field in which other services list what they keep. Governance keeps nothing.
        after={"kept": []},
        related_ids=(str(user_id),),
    )
