from dataclasses import dataclass
from uuid import UUID

from identity.application.devices import audit
from identity.application.devices.own_device import lock_own_device
from identity.application.devices.views import DeviceView, DeviceViews
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.device import Device
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ChangeDevice:
    """Rename a device of the caller."""

    uow: UnitOfWork
    views: DeviceViews
    clock: Clock

    async def __call__(self, *, actor: Actor, device_id: UUID, given: frozenset[str], name: str | None) -> DeviceView:
        """Change the name if "name" is `given`. Raise NotFound, also for a revoked device."""
        async with self.uow.begin(actor) as tx:
            device = await lock_own_device(tx, actor, device_id)
            if device.is_revoked:
                raise NotFound(device_id=device_id)
            if "name" in given and name != await _name_of(tx, device):
                sealed = await tx.names.seal(device.user_id, device.device_id, name) if name else None
                with tx.change(audit.DEVICE, device, "change", at=self.clock.now()):
                    device.rename(sealed)
        view = await self.views.device(actor.user_id, device_id)
        if view is None:
            raise NotFound(device_id=device_id)
        return view


async def _name_of(tx: Transaction, device: Device) -> str | None:
    return await tx.names.open(device.user_id, device.device_id, device.name) if device.name else None
