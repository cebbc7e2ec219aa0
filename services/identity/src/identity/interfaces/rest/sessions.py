"""Sessions: the caller's own; anybody's for those whose work it is."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Router, envelope, page_of
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.sessions import SessionResponse
from kernel.assurance import NONE, RECENT
from kernel.reads import OTHERS

sessions = Router(prefix="/sessions", tags=["sessions"])


@sessions.get("", dependencies=[Authenticated], reads=OTHERS)
async def list_sessions(
    actor: CurrentActor,
    paging: Paging,
    app: App,
    user_id: Annotated[UUID | None, Query(description="Another's, for staff")] = None,
    live: Annotated[bool | None, Query(description="Only those that live, or only those that have ended")] = None,
) -> Envelope[PageOf[SessionResponse]]:
    """List sessions, newest first, the ended ones too."""
    page = await app.sessions.list_sessions(actor=actor, page=paging, user_id=user_id, live=live)
    return page_of(page, lambda view: SessionResponse.of(view, current_id=actor.session_id))


@sessions.get("/{session_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_session(session_id: UUID, actor: CurrentActor, app: App) -> Envelope[SessionResponse]:
    """Read a session: one's own, or anybody's for staff."""
    view = await app.sessions.get_session(actor=actor, session_id=session_id)
    return envelope(SessionResponse.of(view, current_id=actor.session_id))


@sessions.delete("/{session_id}", status_code=204, dependencies=[Authenticated], idempotency=False, assurance=NONE, others=RECENT)
async def revoke_session(session_id: UUID, actor: CurrentActor, app: App) -> None:
    """End a session from elsewhere; its tokens are refused from now on. Doing it again changes nothing."""
    await app.sessions.revoke_session(actor=actor, session_id=session_id)
