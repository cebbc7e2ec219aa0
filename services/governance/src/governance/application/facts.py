"""The audit facts of governance."""

from datetime import datetime
from uuid import UUID

from governance.domain.approval_rule import ApprovalRule
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role_holder import RoleHolder
from governance.domain.standing import Standing
from kernel.audit import AuditFact, State
from kernel.money import Money
from kernel.reads import ReadOfOthers


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


def roles_read(subject_id: UUID) -> ReadOfOthers:
    """Account for a look at another person's roles, also by a grant or a revocation that changes nothing."""
    return ReadOfOthers(action="governance.role_assignment.read", resource_id=str(subject_id), owners=(subject_id,))


def bundle_published(bundle: PolicyBundle, previous: PolicyBundle | None) -> AuditFact:
    return AuditFact(
        action="governance.bundle.publish",
        resource_type="policy_bundle",
        resource_id=str(bundle.id),
        occurred_at=bundle.published_at,
        before={"version": previous.version, "digest": previous.digest} if previous else None,
        after={"version": bundle.version, "digest": bundle.digest},
    )


def rule_state(rule: ApprovalRule) -> State:
    return {
        "currency": rule.currency,
        "threshold": Money.of(rule.threshold, rule.currency).text,
        "kinds": list(rule.kinds),
        "role": rule.role,
        "counterparty": str(rule.counterparty) if rule.counterparty else None,
        "window": rule.window.text if rule.window else None,
        "description": rule.description,
        "withdrawn": rule.is_withdrawn,
        "version": rule.version,
    }


def rule_changed(action: str, rule: ApprovalRule, before: State | None, *, at: datetime, reason: str) -> AuditFact:
    return AuditFact(
        action=f"governance.approval_rule.{action}",
        resource_type="approval_rule",
        resource_id=rule.name,
        occurred_at=at,
        before=before,
        after=rule_state(rule),
        reason=reason,
        related_ids=(f"approval_rule:{rule.name}",),
    )


def standing_recorded(verb: str, standing: Standing, *, before: bool, related: str | None = None) -> AuditFact:
    """Account for a person who counts as able, or unable, to act from now on; `related` is the user who acts."""
    return AuditFact(
        action=f"governance.standing.{verb}",
        resource_type="subject",
        resource_id=str(standing.subject_id),
        occurred_at=standing.recorded_at,
        before={"able": before},
        after={"able": standing.is_able},
        related_ids=(related,) if related else (),
    )


def erasure_acknowledged(user_id: UUID, erasure_id: UUID, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="governance.erasure.acknowledge",
        resource_type="erasure",
        resource_id=str(erasure_id),
        occurred_at=at,
        # As other services say what they keep: governance keeps nothing.
        after={"kept": []},
        related_ids=(str(user_id),),
    )
