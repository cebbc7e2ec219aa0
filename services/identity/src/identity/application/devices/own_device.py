from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.domain.device import Device
from kernel.actor import Actor
from kernel.errors import NotFound


async def lock_own_device(tx: Transaction, actor: Actor, device_id: UUID) -> Device:
    """Find a device of the caller, under the caller's lock. Raise NotFound."""
    # Lock the user first, as everywhere: a concurrent sign-in on the device then waits or is committed.
    await tx.users.lock(actor.user_id)
    device = await tx.devices.find(actor.user_id, device_id)
    if device is None:
        raise NotFound(device_id=device_id)
    return device
