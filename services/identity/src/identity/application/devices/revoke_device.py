from dataclasses import dataclass
from uuid import UUID

from identity.application.device_keys.revoke_keys import revoke_keys
from identity.application.devices import audit
from identity.application.devices.own_device import lock_own_device
from identity.application.ports.session_rules import SessionEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.device_key import RevokeReason
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RevokeDevice:
    """Revoke a device: its session ends, its signing key is revoked, and its next sign-in is that of an unknown device."""

    uow: UnitOfWork
    end_session: SessionEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, device_id: UUID) -> None:
        """Repeating it changes nothing. Raise NotFound for a device that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            device = await lock_own_device(tx, actor, device_id)
            if device.is_revoked:
                return
            if session := await tx.sessions.lock_live(actor.user_id, device_id):
                self.end_session(tx, session, EndReason.DEVICE_REVOKED, at=at)
            await revoke_keys(tx, actor.user_id, RevokeReason.DEVICE_REVOKED, at=at, device_id=device_id)
            with tx.change_bounded(audit.DEVICE, device, "revoke", at=at, user_id=actor.user_id):
                device.revoke(at=at)
