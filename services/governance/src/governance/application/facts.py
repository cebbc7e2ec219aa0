"""The audit facts of governance."""

from datetime import datetime

from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role_holder import RoleHolder
from kernel.audit import AuditFact


def roles_changed(
    action: str, holder: RoleHolder, role: str, *, before: tuple[str, ...], at: datetime, reason: str | None = None
) -> AuditFact:
    """Account for a grant or a revocation; an auditor finds it under the subject and under the role."""
    return AuditFact(
        action=f"governance.role.{action}",
        resource_type="role_assignment",
        resource_id=str(holder.subject_id),
        occurred_at=at,
        before={"roles": list(before)},
        after={"roles": list(holder.roles)},
        reason=reason,
        related_ids=(str(holder.subject_id), f"role:{role}"),
    )


def bundle_published(bundle: PolicyBundle, previous: PolicyBundle | None) -> AuditFact:
    return AuditFact(
        action="governance.bundle.publish",
        resource_type="policy_bundle",
        resource_id=str(bundle.id),
        occurred_at=bundle.published_at,
        before={"version": previous.version, "digest": previous.digest} if previous else None,
        after={"version": bundle.version, "digest": bundle.digest},
    )
