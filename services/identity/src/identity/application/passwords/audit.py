"""The audit facts of passwords. None holds a password, a link or an address."""

from datetime import datetime
from uuid import UUID

from identity.domain.password_reset import PasswordReset
from identity.domain.user import User
from kernel.audit import AuditFact, State


def password_changed(user: User, *, sessions_ended: int, at: datetime) -> AuditFact:
    return _user_fact("identity.password.change", user.id, at=at, after={"sessions_ended": sessions_ended})


def password_change_refused(user_id: UUID, *, reason: str, at: datetime) -> AuditFact:
    return _user_fact("identity.password.change_refused", user_id, at=at, reason=reason)


def password_reset_required(user: User, reason: str, *, sessions_ended: int, at: datetime) -> AuditFact:
    after = {"sessions_ended": sessions_ended}
    return _user_fact("identity.password.require_reset", user.id, at=at, after=after, reason=reason)


def reset_asked(account: str, reset: PasswordReset | None, *, at: datetime) -> AuditFact:
    """Record a reset request, also if no account exists. `account` is a keyed digest of the address."""
    return AuditFact(
        action="identity.password.reset_asked",
        resource_type="user" if reset else "account",
        resource_id=str(reset.user_id) if reset else account,
        occurred_at=at,
        after={"account": account, "sent": reset is not None},
    )


def password_reset(user: User, *, sessions_ended: int, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.password.reset",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=at,
        after={"sessions_ended": sessions_ended, "second_factor": user.has_second_factor},
    )


def _user_fact(
    action: str,
    user_id: UUID,
    *,
    at: datetime,
    before: State | None = None,
    after: State | None = None,
    reason: str | None = None,
) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        before=before,
        after=after,
        reason=reason,
    )
