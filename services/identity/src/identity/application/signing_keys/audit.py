"""The audit facts of signing keys."""

from datetime import datetime

from identity.domain.signing_key import SigningKey
from kernel.audit import AuditFact


def signing_key_created(key: SigningKey, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.signing_key.create",
        resource_type="signing_key",
        resource_id=str(key.id),
        occurred_at=at,
        after={"algorithm": key.algorithm, "active": key.is_active},
    )


def signing_key_activated(key: SigningKey, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.signing_key.activate",
        resource_type="signing_key",
        resource_id=str(key.id),
        occurred_at=at,
        before={"active": False},
        after={"active": True},
    )


def signing_key_retired(key: SigningKey, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.signing_key.retire",
        resource_type="signing_key",
        resource_id=str(key.id),
        occurred_at=at,
        before={"active": True},
        after={"active": False},
    )


def signing_key_removed(key: SigningKey, *, at: datetime) -> AuditFact:
    """Account for a key that is gone: its tokens have expired, or are void because somebody else may have it."""
    return AuditFact(
        action="identity.signing_key.remove",
        resource_type="signing_key",
        resource_id=str(key.id),
        occurred_at=at,
        before={"active": key.is_active, "retired": key.retired_at is not None},
    )
