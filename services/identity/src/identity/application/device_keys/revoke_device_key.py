from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.device_keys import audit
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.device_key import DeviceKey, RevokeReason
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RevokeDeviceKey:
    """Let one of the caller's keys sign nothing more, from whichever device; doing it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, key_id: UUID) -> DeviceKey:
        """Raise NotFound for a key that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            key = await tx.device_keys.lock(key_id)
            if key is None or key.user_id != actor.user_id:
                raise NotFound(key_id=key_id)
            _revoke(tx, key, RevokeReason.ASKED, at)
        return key


async def revoke_keys(
    tx: Transaction,
    user_id: UUID,
    reason: RevokeReason,
    *,
    at: datetime,
    device_id: UUID | None = None,
    registered_since: datetime | None = None,
) -> Sequence[DeviceKey]:
    """Revoke a user's live keys, in the caller's transaction, which holds the user's lock; return them.

    Of one device or of all, and registered at a time or later, or whenever.
    """
    live = await tx.device_keys.lock_live(user_id, device_id=device_id)
    keys = [key for key in live if registered_since is None or key.registered_at >= registered_since]
    for key in keys:
        _revoke(tx, key, reason, at)
    return keys


def _revoke(tx: Transaction, key: DeviceKey, reason: RevokeReason, at: datetime) -> None:
    if key.is_live:
        key.revoke(reason, at=at)
        tx.record(audit.device_key_revoked(key, at=at))
