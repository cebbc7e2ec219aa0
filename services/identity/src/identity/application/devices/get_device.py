from dataclasses import dataclass
from uuid import UUID

from identity.application.devices.views import DeviceView, DeviceViews
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetDevice:
    """Get a device of the caller. Device ids are unique only per user."""

    views: DeviceViews

    async def __call__(self, *, actor: Actor, device_id: UUID) -> DeviceView:
        """Raise NotFound."""
        device = await self.views.device(actor.user_id, device_id)
        if device is None:
            raise NotFound(device_id=device_id)
        return device
