from dataclasses import dataclass

from identity.application.device_keys.views import DeviceKeyView, DeviceKeyViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListDeviceKeys:
    """List the keys of all of the caller's devices, newest first, including revoked keys."""

    views: DeviceKeyViews

    async def __call__(self, *, actor: Actor, page: PageRequest) -> Page[DeviceKeyView]:
        return await self.views.device_keys_of(actor.user_id, page)
