"""The audit facts of exports and erasures."""

from datetime import datetime
from uuid import UUID

from identity.domain.erasure import Erasure
from kernel.audit import AuditFact, State
from kernel.reads import ReadOfOthers


def erasure_requested(erasure: Erasure, *, before: str) -> AuditFact:
    return _fact(
        "identity.erasure.request",
        erasure,
        at=erasure.requested_at,
        before={"account": before},
        after={"account": "restricted"},
        reason=erasure.reason.value,
    )


def erasure_acknowledged(erasure: Erasure, context: str, *, at: datetime) -> AuditFact:
    until = erasure.restricted_until.isoformat() if erasure.restricted_until else None
    after = {"context": context, "status": erasure.status.value, "restricted_until": until}
    return _fact("identity.erasure.acknowledge", erasure, at=at, after=after)


def erasure_asked_again(erasure: Erasure, *, at: datetime) -> AuditFact:
    return _fact("identity.erasure.ask_again", erasure, at=at, after={"answered": sorted(erasure.answers)})


def user_erased(erasure: Erasure, *, key_digest: str, at: datetime) -> AuditFact:
    after = {"account": "erased", "destroyed_key_sha256": key_digest}
    return _fact("identity.user.erase", erasure, at=at, before={"account": "restricted"}, after=after)


def data_exported(user_id: UUID, *, at: datetime) -> AuditFact:
    """Account for an export of the caller's own data."""
    return AuditFact(
        action="identity.user.export",
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        after={"exported": True},
    )


def others_data_exported(user_id: UUID, *, reason: str) -> ReadOfOthers:
    return ReadOfOthers(action="identity.user.export", resource_id=str(user_id), owners=(user_id,), reason=reason)


def others_erasure_read(erasure: Erasure) -> ReadOfOthers:
    return ReadOfOthers(action="identity.erasure.read", resource_id=str(erasure.id), owners=(erasure.user_id,))


def keys_rewrapped(count: int, what: str, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.master_key.rewrap",
        resource_type="master_key",
        resource_id="current",
        occurred_at=at,
        after={"rewrapped": count, "what": what},
    )


def _fact(
    action: str, erasure: Erasure, *, at: datetime, after: State, before: State | None = None, reason: str | None = None
) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="erasure",
        resource_id=str(erasure.id),
        occurred_at=at,
        before=before,
        after=after,
        reason=reason,
        related_ids=(str(erasure.user_id),),
    )
