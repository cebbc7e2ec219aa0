"""Reading the actor's sessions and devices, or with `user:read_any` any user's, which is recorded. To others there are none."""

from dataclasses import dataclass
from uuid import UUID

from identity.application.devices.views import DeviceView, DeviceViews
from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.application.sessions import audit
from identity.application.sessions.views import SessionView, SessionViews
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import Page, PageRequest
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetSession:
    queries: SessionViews
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, session_id: UUID) -> SessionView:
        session = await self.queries.session(session_id)
        if session is None or not _may_read(self.permissions, actor, session.user_id):
            raise NotFound(session_id=session_id)
        if session.user_id != actor.user_id:
            await self.reads.record(actor, audit.session_read(session))
        return session


@dataclass(frozen=True, slots=True)
class ListSessions:
    queries: SessionViews
    permissions: Permissions
    reads: Reads

    async def __call__(
        self, *, actor: Actor, page: PageRequest, user_id: UUID | None = None, live: bool | None = None
    ) -> Page[SessionView]:
        """List the sessions of the caller, or of `user_id`."""
        owner = _owner(self.permissions, actor, user_id)
        sessions = await self.queries.sessions_of(owner, page, live=live)
        if owner != actor.user_id:
            await self.reads.record(actor, audit.sessions_listed(owner, shown=len(sessions.items)))
        return sessions


@dataclass(frozen=True, slots=True)
class ListDevices:
    queries: DeviceViews
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, page: PageRequest, user_id: UUID | None = None) -> Page[DeviceView]:
        """List the devices of the caller, or of `user_id`."""
        owner = _owner(self.permissions, actor, user_id)
        devices = await self.queries.devices_of(owner, page)
        if owner != actor.user_id:
            await self.reads.record(actor, audit.devices_listed(owner, shown=len(devices.items)))
        return devices


@dataclass(frozen=True, slots=True)
class GetDevice:
    """Read one of the caller's devices; its id is unique only among them."""

    queries: DeviceViews

    async def __call__(self, *, actor: Actor, device_id: UUID) -> DeviceView:
        device = await self.queries.device(actor.user_id, device_id)
        if device is None:
            raise NotFound(device_id=device_id)
        return device


def _owner(permissions: Permissions, actor: Actor, user_id: UUID | None) -> UUID:
    owner = user_id or actor.user_id
    if not _may_read(permissions, actor, owner):
        raise NotFound(user_id=owner)
    return owner


def _may_read(permissions: Permissions, actor: Actor, owner: UUID) -> bool:
    return actor.user_id == owner or permissions.allows(actor, READ_ANY_USER)
