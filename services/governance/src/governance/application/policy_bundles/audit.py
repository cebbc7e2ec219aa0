"""How policy bundles appear in the audit log."""

from governance.domain.policy_bundle import PolicyBundle
from kernel.audit import AuditFact


def bundle_published(bundle: PolicyBundle, previous: PolicyBundle | None) -> AuditFact:
    """Build the audit fact of a publication. Its state before is the previous bundle."""
    return AuditFact(
        action="governance.bundle.publish",
        resource_type="policy_bundle",
        resource_id=str(bundle.id),
        occurred_at=bundle.published_at,
        before={"version": previous.version, "digest": previous.digest} if previous else None,
        after={"version": bundle.version, "digest": bundle.digest},
    )
