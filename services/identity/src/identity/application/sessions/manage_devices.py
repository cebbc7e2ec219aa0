"""Naming and revoking a user's own devices."""

from dataclasses import dataclass
from uuid import UUID

from identity.application.device_keys.revoke_device_key import revoke_keys
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.end_sessions import ACCESS_TOKEN_LIFE_MAX
from identity.domain.device import Device
from identity.domain.device_key import RevokeReason
from identity.domain.session import EndReason, Session
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ChangeDevice:
    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, device_id: UUID, given: frozenset[str], name: str | None) -> None:
        """Name a device, where "name" is `given`. Raise NotFound, also for a revoked device."""
        async with self.uow.begin(actor) as tx:
            device = await _find(tx, actor, device_id)
            if device.is_revoked:
                raise NotFound(device_id=device_id)
            before = audit.device_state(device)
            if "name" in given:
                await _rename(tx, device, name)
            if audit.device_state(device) != before:
                tx.record(audit.device_changed(device, before=before, at=self.clock.now()))


@dataclass(frozen=True, slots=True)
class RevokeDevice:
    """Forget a device: its session ends, its signing key signs no more, and it is a stranger when it signs in again."""

    uow: UnitOfWork
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, device_id: UUID) -> None:
        """Doing it again changes nothing. Raise NotFound for a device that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            device = await _find(tx, actor, device_id)
            before = audit.device_state(device)
            if not device.revoke(at=at):
                return
            session = await tx.sessions.lock_live(actor.user_id, device_id)
            if session:
                state = audit.session_state(session)
                session.end(EndReason.DEVICE_REVOKED, at=at, access_token_life=ACCESS_TOKEN_LIFE_MAX)
                tx.record_bounded(audit.session_ended(session, before=state, at=at), account=actor.user_id)
            await revoke_keys(tx, actor.user_id, RevokeReason.DEVICE_REVOKED, at=at, device_id=device_id)
            tx.record_bounded(audit.device_revoked(device, before=before, at=at), account=actor.user_id)
        await self._tell(session)

    async def _tell(self, session: Session | None) -> None:
        if session and session.ended_at:
            await self.revocations.try_add(session.id, ended_at=session.ended_at)


async def _rename(tx: Transaction, device: Device, name: str | None) -> None:
    present = await tx.names.open(device.user_id, device.device_id, device.name) if device.name else None
    if name != present:
        device.rename(await tx.names.seal(device.user_id, device.device_id, name) if name else None)


async def _find(tx: Transaction, actor: Actor, device_id: UUID) -> Device:
    # The user first, as everywhere: a sign-in on the device waits, or has been.
    await tx.users.lock(actor.user_id)
    device = await tx.devices.find(actor.user_id, device_id)
    if device is None:
        raise NotFound(device_id=device_id)
    return device
