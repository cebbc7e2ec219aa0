"""The caller's sessions."""

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Router, page_of
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.sessions import SessionResponse

sessions = Router(prefix="/sessions", tags=["sessions"])


@sessions.get("", dependencies=[Authenticated])
async def list_sessions(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[SessionResponse]]:
    """List the caller's sessions, newest first, the ended ones too."""
    page = await app.queries.sessions_of(actor.user_id, paging)
    return page_of(page, lambda view: SessionResponse.of(view, current_id=actor.session_id))
