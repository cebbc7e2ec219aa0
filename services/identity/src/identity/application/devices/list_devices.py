from dataclasses import dataclass
from uuid import UUID

from identity.application.devices import audit
from identity.application.devices.views import DeviceView, DeviceViews
from identity.application.ports.permissions import READ_ANY_USER, Permissions
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import Page, PageRequest
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class ListDevices:
    """List the devices of the caller. `user:read_any` allows any user's, which is recorded."""

    views: DeviceViews
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, page: PageRequest, user_id: UUID | None = None) -> Page[DeviceView]:
        """Raise NotFound for a user whose devices the caller may not read."""
        owner = user_id or actor.user_id
        if owner != actor.user_id and not self.permissions.allows(actor, READ_ANY_USER):
            raise NotFound(user_id=owner)
        devices = await self.views.devices_of(owner, page)
        if owner != actor.user_id:
            await self.reads.record(actor, audit.devices_listed(owner, shown=len(devices.items)))
        return devices
