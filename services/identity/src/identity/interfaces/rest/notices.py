"""The caller's notices and preferences."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import (
    EVENT_STREAM,
    STREAM_SECONDS_MAX,
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    Events,
    Router,
    cursor_of,
    envelope,
)
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.notices import (
    NoticePreferencesFields,
    NoticePreferencesResponse,
    NoticeResponse,
    NoticeStateResponse,
    ReadNoticesRequest,
    ReadNoticesResponse,
)
from kernel.assurance import NONE
from kernel.reads import OWN

notices = Router(prefix="/notices", tags=["notices"])


@notices.get("", dependencies=[Authenticated], reads=OWN)
async def list_notices(
    actor: CurrentActor,
    cursor: CursorPaging,
    app: App,
    unread: Annotated[bool, Query(description="Only notices that are not read")] = False,
    template: Annotated[str | None, Query(max_length=80, pattern=r"^[a-z_.]+$")] = None,
) -> Envelope[CursorPageOf[NoticeResponse]]:
    """List the caller's notices, newest first."""
    page = await app.notices.list_notices(actor=actor, cursor=cursor, unread=unread, template=template)
    return cursor_of(page, NoticeResponse.of)


@notices.get("/state", dependencies=[Authenticated], reads=OWN)
async def get_notice_state(actor: CurrentActor, app: App) -> Envelope[NoticeStateResponse]:
    """Get how many notices are not read, and which is the newest."""
    return envelope(NoticeStateResponse.of(await app.notices.get_notice_state(actor=actor)))


@notices.get("/events", dependencies=[Authenticated], responses=EVENT_STREAM, reads=OWN, stream_seconds=STREAM_SECONDS_MAX)
async def follow_notices(actor: CurrentActor, events: Events, app: App) -> Response:
    """Follow the caller's notices as server-sent events: `progress` with the state at the start and after each change.

    Reconnect to continue. The stream ends when the caller's session ends.
    """
    events.require_place()
    followed = await app.notices.follow_notices(actor=actor)
    return await events(followed, lambda seen: NoticeStateResponse.of(seen.state))


@notices.get("/preferences", dependencies=[Authenticated], reads=OWN)
async def get_notice_preferences(actor: CurrentActor, app: App) -> Envelope[NoticePreferencesResponse]:
    """Get how the caller wants to be informed."""
    return envelope(NoticePreferencesResponse.of(await app.notices.get_notice_preferences(actor=actor)))


@notices.put("/preferences", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def set_notice_preferences(
    body: NoticePreferencesFields, actor: CurrentActor, app: App
) -> Envelope[NoticePreferencesResponse]:
    """Replace how the caller wants to be informed, for notices from now on. Omitted fields get their defaults."""
    preferences = await app.notices.set_notice_preferences(actor=actor, preferences=body.preferences())
    return envelope(NoticePreferencesResponse.of(preferences))


@notices.post("/read", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def read_notices(body: ReadNoticesRequest, actor: CurrentActor, app: App) -> Envelope[ReadNoticesResponse]:
    """Mark all notices up to one as read, oldest first, at most 1000."""
    return envelope(ReadNoticesResponse(read=await app.notices.read_notices(actor=actor, until=body.until_id)))


@notices.get("/{notice_id}", dependencies=[Authenticated], reads=OWN)
async def get_notice(notice_id: UUID, actor: CurrentActor, app: App) -> Envelope[NoticeResponse]:
    """Get one of the caller's notices."""
    return envelope(NoticeResponse.of(await app.notices.get_notice(actor=actor, notice_id=notice_id)))


@notices.post("/{notice_id}/read", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def read_notice(notice_id: UUID, actor: CurrentActor, app: App) -> Envelope[NoticeResponse]:
    """Mark a notice as read. Repeating it changes nothing."""
    return envelope(NoticeResponse.of(await app.notices.read_notice(actor=actor, notice_id=notice_id)))
