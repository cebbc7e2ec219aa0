from dataclasses import dataclass
from uuid import UUID

from identity.application.device_keys.views import DeviceKeyView, DeviceKeyViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetDeviceKey:
    """Get a device's key for another service. Revoked keys too: what they signed before stays provable."""

    views: DeviceKeyViews

    async def __call__(self, *, key_id: UUID) -> DeviceKeyView:
        key = await self.views.device_key(key_id)
        if key is None:
            raise NotFound(key_id=key_id)
        return key
