"""The audit facts of recovery. None holds a link, an address or a password."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.recovery.views import RecoveryView
from identity.domain.email_undo import EmailUndo
from identity.domain.recovery_request import RecoveryRequest
from identity.domain.user import User
from kernel.audit import Audited, AuditFact
from kernel.reads import ReadOfOthers, given

RECOVERY_REQUEST: Final = Audited[RecoveryRequest](
    action="identity.recovery",
    resource_type="recovery_request",
    state=lambda request: {"status": request.status.value},
    id_of=lambda request: request.id,
    related=lambda request: (str(request.user_id),),
)


def email_change_undone(user: User, undo: EmailUndo, counts: Mapping[str, int], *, at: datetime) -> AuditFact:
    """Record what was restored. `counts` has how many things were ended, removed and revoked, by name."""
    return AuditFact(
        action="identity.email.undo",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=at,
        after={**counts, "second_factor": user.has_second_factor},
        related_ids=(str(undo.id),),
    )


def email_undo_refused(user_id: UUID, *, reason: str, at: datetime) -> AuditFact:
    """Record that the link was right but the password was wrong."""
    return AuditFact(
        action="identity.email.undo_refused", resource_type="user", resource_id=str(user_id), occurred_at=at, reason=reason
    )


def recovery_confirmed(request: RecoveryRequest, *, at: datetime, reason: str | None = None) -> AuditFact:
    """Record the confirmation of a request. `reason` is given by an operator who confirmed it in place of the mailbox."""
    return AuditFact(
        action="identity.recovery.confirm",
        resource_type="recovery_request",
        resource_id=str(request.id),
        occurred_at=at,
        before={"confirmed": False},
        after={"confirmed": True, "by": "operator" if reason else "mailbox"},
        reason=reason,
        related_ids=(str(request.user_id),),
    )


def recovery_voted(request: RecoveryRequest, *, before: str, approve: bool, reason: str, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.recovery.decide",
        resource_type="recovery_request",
        resource_id=str(request.id),
        occurred_at=at,
        before={"status": before},
        after={"status": request.status.value, "approve": approve},
        reason=reason,
        related_ids=(str(request.user_id),),
    )


def factors_cleared(user: User, request: RecoveryRequest, *, sessions_ended: int, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.factor.remove",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=at,
        before={"second_factor": True},
        after={"second_factor": False, "sessions_ended": sessions_ended},
        reason="recovery",
        related_ids=(str(request.id),),
    )


def requests_listed(
    requests: Sequence[RecoveryView], *, status: str | None, confirmed: bool | None, reason: str | None
) -> ReadOfOthers:
    return ReadOfOthers(
        action="identity.recovery.list",
        owners=[request.user_id for request in requests],
        filters=given(status=status, confirmed=confirmed),
        shown=len(requests),
        reason=reason,
    )
