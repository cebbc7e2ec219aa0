"""The audit facts of second factors. None holds a code, a secret or a key."""

from datetime import datetime
from uuid import UUID

from identity.domain.sign_in_challenge import SignInChallenge
from kernel.audit import AuditFact


def challenged(challenge: SignInChallenge) -> AuditFact:
    return AuditFact(
        action="identity.user.sign_in_challenged",
        resource_type="user",
        resource_id=str(challenge.user_id),
        occurred_at=challenge.created_at,
        after={"challenge": str(challenge.id), "enrolment": challenge.enrolment},
        related_ids=(str(challenge.device_id),),
    )


def second_factor_shown(user_id: UUID, factor: str, *, at: datetime) -> AuditFact:
    return _user_fact("identity.user.second_factor_shown", user_id, at, factor=factor)


def second_factor_failed(user_id: UUID, *, at: datetime, factor: str = "code", reason: str | None = None) -> AuditFact:
    return _user_fact("identity.user.second_factor_failed", user_id, at, factor=factor, reason=reason)


def factor_begun(user_id: UUID, factor: str, *, at: datetime) -> AuditFact:
    return _user_fact("identity.factor.begin", user_id, at, factor=factor)


def factor_added(user_id: UUID, factor: str, *, sessions_ended: int, at: datetime) -> AuditFact:
    return _changed_fact("identity.factor.add", user_id, at, factor=factor, sessions_ended=sessions_ended)


def factor_removed(user_id: UUID, factor: str, *, sessions_ended: int, at: datetime) -> AuditFact:
    return _changed_fact("identity.factor.remove", user_id, at, factor=factor, sessions_ended=sessions_ended)


def backup_codes_renewed(user_id: UUID, count: int, *, sessions_ended: int, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.factor.renew_backup_codes",
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        after={"codes": count, "sessions_ended": sessions_ended},
    )


def challenges_purged(count: int, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.factor.purge",
        resource_type="sign_in_challenge",
        resource_id="expired",
        occurred_at=at,
        after={"dropped": count},
    )


def _changed_fact(action: str, user_id: UUID, at: datetime, *, factor: str, sessions_ended: int) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        after={"factor": factor, "sessions_ended": sessions_ended},
    )


def _user_fact(action: str, user_id: UUID, at: datetime, *, factor: str, reason: str | None = None) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        after={"factor": factor},
        reason=reason,
    )
