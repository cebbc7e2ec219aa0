"""The audit facts of erasures."""

from datetime import datetime

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


def others_erasure_read(erasure: Erasure) -> ReadOfOthers:
    return ReadOfOthers(action="identity.erasure.read", resource_id=str(erasure.id), owners=(erasure.user_id,))


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
