"""The audit facts of passkeys. None holds a key."""

from datetime import datetime
from uuid import UUID

from identity.domain.passkey import CeremonyKind, Passkey
from identity.domain.sign_in_failure import SignInFailure
from kernel.audit import AuditFact


def ceremony_begun(ceremony_id: UUID, kind: CeremonyKind, *, user_id: UUID | None, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.passkey.challenge",
        resource_type="passkey_ceremony",
        resource_id=str(ceremony_id),
        occurred_at=at,
        after={"kind": kind.value},
        related_ids=(str(user_id),) if user_id else (),
    )


def ceremony_failed(ceremony_id: UUID, *, passkey: Passkey | None, at: datetime, reason: str = "refused") -> AuditFact:
    """Record a refused answer. The same change flags a passkey whose counter went backwards."""
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
    # Without the name, because its owner wrote it.
    return AuditFact(
        action="identity.passkey.rename",
        resource_type="passkey",
        resource_id=str(passkey.id),
        occurred_at=at,
        related_ids=(str(passkey.user_id),),
    )


def sign_in_failed(passkey: Passkey, *, device_id: str, reason: SignInFailure, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user",
        resource_id=str(passkey.user_id),
        occurred_at=at,
        after={"passkey": str(passkey.id)},
        reason=reason.value,
        related_ids=(device_id,),
    )
