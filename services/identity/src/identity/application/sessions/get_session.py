from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.application.sessions import audit
from identity.application.sessions.views import SessionView, SessionViews
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetSession:
    """Get a session of the caller. `user:read_any` allows any session, which is recorded."""

    views: SessionViews
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, session_id: UUID) -> SessionView:
        """Raise NotFound for a session that the caller may not read."""
        session = await self.views.session(session_id)
        if session is None:
            raise NotFound(session_id=session_id)
        if session.user_id != actor.user_id:
            if not self.permissions.allows(actor, READ_ANY_USER):
                raise NotFound(session_id=session_id)
            await self.reads.record(actor, audit.session_read(session))
        return session
