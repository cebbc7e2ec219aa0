"""The audit facts of signing keys."""

from datetime import datetime
from typing import Final

from identity.domain.signing_key import SigningKey
from kernel.audit import Audited, AuditFact

SIGNING_KEY: Final[Audited[SigningKey]] = Audited(
    action="identity.signing_key",
    resource_type="signing_key",
    state=lambda key: {"active": key.is_active},
    id_of=lambda key: key.id,
)


def signing_key_created(key: SigningKey, *, at: datetime) -> AuditFact:
    return SIGNING_KEY.fact(key, "create", at=at, after={"algorithm": key.algorithm, "active": key.is_active})


def signing_key_removed(key: SigningKey, *, at: datetime) -> AuditFact:
    """Record the removal of a key. Its tokens have expired, or are void because someone else may have the key."""
    return SIGNING_KEY.fact(key, "remove", at=at, before={"active": key.is_active, "retired": key.retired_at is not None})
