from dataclasses import dataclass
from uuid import UUID

from identity.application.device_keys.revoke_keys import revoke_key
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.device_key import DeviceKey, RevokeReason
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RevokeDeviceKey:
    """Revoke a signing key of the caller, from any device. Repeating it changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, key_id: UUID) -> DeviceKey:
        """Raise NotFound for a key that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            key = await tx.device_keys.lock(key_id)
            if key is None or key.user_id != actor.user_id:
                raise NotFound(key_id=key_id)
            revoke_key(tx, key, RevokeReason.ASKED, at=at)
        return key
