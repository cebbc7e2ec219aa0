"""The audit facts of registrations, codes and verified addresses. None holds a code or an address."""

from datetime import datetime

from identity.domain.one_time_code import OneTimeCode
from identity.domain.user import User
from kernel.audit import AuditFact, State


def registration_requested(code: OneTimeCode) -> AuditFact:
    """Record a registration that waits for its code. A decoy's fact looks like any other."""
    return _code_fact("identity.registration.request", code, at=code.created_at)


def code_requested(code: OneTimeCode) -> AuditFact:
    return _code_fact("identity.verification.request", code, at=code.created_at)


def code_renewed(code: OneTimeCode, *, at: datetime) -> AuditFact:
    return _code_fact("identity.verification.renew", code, at=at)


def code_accepted(code: OneTimeCode, *, at: datetime) -> AuditFact:
    return _code_fact("identity.verification.accept", code, at=at)


def code_refused(code: OneTimeCode, *, at: datetime) -> AuditFact:
    return _code_fact("identity.verification.refuse", code, at=at)


def codes_purged(count: int, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.verification.purge",
        resource_type="verification",
        resource_id="expired",
        occurred_at=at,
        after={"dropped": count},
    )


def email_changed(user: User, *, can_be_undone: bool, sessions_ended: int, at: datetime) -> AuditFact:
    """Record a change of address, without the addresses. Its code has a fact of its own."""
    after = {"can_be_undone": can_be_undone, "sessions_ended": sessions_ended}
    return AuditFact(action="identity.email.change", resource_type="user", resource_id=str(user.id), occurred_at=at, after=after)


def phone_removed(user: User, code: OneTimeCode, *, before: State, at: datetime) -> AuditFact:
    """Record the removal of a number that another user verified. `code` leads only an auditor to that user."""
    return AuditFact(
        action="identity.user.remove_phone",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=at,
        before=before,
        after={"version": user.version, "changed": ["phone"]},
        reason="verified_by_another",
        related_ids=(str(code.id),),
    )


def _code_fact(action: str, code: OneTimeCode, *, at: datetime) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="verification",
        resource_id=str(code.id),
        occurred_at=at,
        after={"purpose": code.purpose.value, "tries": code.tries, "sends": code.sends, "used": code.used_at is not None},
        related_ids=(str(code.user_id),),
    )
