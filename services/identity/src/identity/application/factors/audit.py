"""The audit facts of second factors. None holds a code, a secret or a key."""

from datetime import datetime
from uuid import UUID

from identity.domain.passkey import Passkey
from identity.domain.session import Session
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


def ceremony_begun(ceremony_id: UUID, kind: str, *, user_id: UUID | None, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.passkey.challenge",
        resource_type="passkey_ceremony",
        resource_id=str(ceremony_id),
        occurred_at=at,
        after={"kind": kind},
        related_ids=(str(user_id),) if user_id else (),
    )


def ceremony_failed(ceremony_id: UUID, *, passkey: Passkey | None, at: datetime, reason: str = "refused") -> AuditFact:
    """Account for an answer that was refused; a passkey whose counter ran backwards is flagged by the same change."""
    flagged = passkey is not None and passkey.flagged_at is not None
    return AuditFact(
        action="identity.passkey.refuse",
        resource_type="passkey" if passkey else "passkey_ceremony",
        resource_id=str(passkey.id if passkey else ceremony_id),
        occurred_at=at,
        after={"flagged": flagged},
        reason="counter_regression" if flagged else reason,
        related_ids=(str(passkey.user_id),) if passkey else (),
    )


def passkey_renamed(passkey: Passkey, *, at: datetime) -> AuditFact:
    # Not the name: people write their own into it.
    return AuditFact(
        action="identity.passkey.rename",
        resource_type="passkey",
        resource_id=str(passkey.id),
        occurred_at=at,
        related_ids=(str(passkey.user_id),),
    )


def stepped_up(session: Session, *, before: tuple[str, ...], at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.session.step_up",
        resource_type="session",
        resource_id=str(session.id),
        occurred_at=at,
        before={"methods": list(before)},
        after={"methods": list(session.methods)},
        related_ids=(str(session.user_id), str(session.device_id)),
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
