from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.application.device_keys import audit
from identity.application.ports.unit_of_work import Transaction
from identity.domain.device_key import DeviceKey, RevokeReason


async def revoke_keys(
    tx: Transaction,
    user_id: UUID,
    reason: RevokeReason,
    *,
    at: datetime,
    device_id: UUID | None = None,
    registered_since: datetime | None = None,
) -> Sequence[DeviceKey]:
    """Revoke a user's live keys, in the caller's transaction, which holds the user's lock. Return them.

    Without `device_id`, those of all devices; without `registered_since`, those registered at any time.
    """
    live = await tx.device_keys.lock_live(user_id, device_id=device_id)
    keys = [key for key in live if registered_since is None or key.registered_at >= registered_since]
    for key in keys:
        revoke_key(tx, key, reason, at=at)
    return keys


def revoke_key(tx: Transaction, key: DeviceKey, reason: RevokeReason, *, at: datetime) -> None:
    """Revoke a locked key and record it. A revoked key stays unchanged."""
    if key.is_live:
        with tx.change(audit.DEVICE_KEY_LIFE, key, "revoke", at=at, reason=reason.value):
            key.revoke(reason, at=at)
