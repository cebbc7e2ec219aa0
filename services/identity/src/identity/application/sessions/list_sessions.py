from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.application.sessions import audit
from identity.application.sessions.views import SessionView, SessionViews
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import Page, PageRequest
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class ListSessions:
    """List the sessions of the caller. `user:read_any` allows any user's, which is recorded."""

    views: SessionViews
    permissions: Permissions
    reads: Reads

    async def __call__(
        self, *, actor: Actor, page: PageRequest, user_id: UUID | None = None, live: bool | None = None
    ) -> Page[SessionView]:
        """Raise NotFound for a user whose sessions the caller may not read."""
        owner = user_id or actor.user_id
        if owner != actor.user_id and not self.permissions.allows(actor, READ_ANY_USER):
            raise NotFound(user_id=owner)
        sessions = await self.views.sessions_of(owner, page, live=live)
        if owner != actor.user_id:
            await self.reads.record(actor, audit.sessions_listed(owner, shown=len(sessions.items)))
        return sessions
