"""The audit facts of device keys."""

from datetime import datetime

from identity.domain.device_key import DeviceKey
from kernel.audit import AuditFact


def device_key_registered(key: DeviceKey) -> AuditFact:
    return AuditFact(
        action="identity.device_key.register",
        resource_type="device_key",
        resource_id=str(key.id),
        occurred_at=key.registered_at,
        after={"algorithm": key.algorithm.value, "public_key": key.public_key.hex(), "live": True},
        related_ids=(str(key.user_id), str(key.device_id)),
    )


def device_key_revoked(key: DeviceKey, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.device_key.revoke",
        resource_type="device_key",
        resource_id=str(key.id),
        occurred_at=at,
        before={"live": True},
        after={"live": False},
        reason=key.revoke_reason.value if key.revoke_reason else None,
        related_ids=(str(key.user_id), str(key.device_id)),
    )
