"""One form of server-sent events (HTML Living Standard, section 9.2) for everything that can be followed.

`progress` after each change, and `end` with the last state. An event's id is the version, so a client that reconnects with
Last-Event-ID gets only what it has not seen. A route declares `responses=EVENT_STREAM` and `stream_seconds=STREAM_SECONDS_MAX`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from chassis.http import EVENT_STREAM_TYPE
from chassis.rest.access import Readmission
from chassis.rest.app_state import AppState
from chassis.rest.context import RequestContext
from chassis.rest.followers import Followers, Looks
from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.following import Followable, Followed

T = TypeVar("T", bound=Followable)

# The gateway gives up on a response that is silent for ten seconds.
SILENT_LOOKS_MAX: Final = 10
# Then the client reconnects, so that an expired token is noticed.
STREAM_SECONDS: Final = 300
# Twice the time of so many looks at a fast database.
STREAM_SECONDS_MAX: Final = 2.0 * STREAM_SECONDS
_DIGITS_MAX: Final = 18
RETRY: Final = b"retry: 1000\n\n"
STILL_HERE: Final = b": still here\n\n"
EVENT_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Events", "content": {EVENT_STREAM_TYPE: {"schema": {"type": "string"}}}},
    204: {"description": "The client has received the `end` already (`Last-Event-ID`): do not reconnect"},
}
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class EventStream:
    """Answers a request with a stream of events."""

    followers: Followers
    actor: Actor
    readmit: Callable[[], Awaitable[Actor]]
    last_seen: int | None

    def require_place(self) -> None:
        """Raise Unavailable when there are too many followers. Call it before what costs a read."""
        self.followers.require_place(self.actor.subject_id)

    async def __call__(self, followed: Followed[T], show: Callable[[T], BaseModel]) -> Response:
        """Return the stream, or 204 to a client that has received its end. Raise Unavailable when there are too many."""
        self.require_place()
        first = followed.first
        if not first.is_open and self.last_seen == first.version:
            return Response(status_code=204, headers=_HEADERS)
        return StreamingResponse(self._events(followed, show), media_type=EVENT_STREAM_TYPE, headers=_HEADERS)

    async def _events(self, followed: Followed[T], show: Callable[[T], BaseModel]) -> AsyncIterator[bytes]:
        view: Any = followed.first
        sent = self.last_seen if self.last_seen is not None and self.last_seen <= view.version else None
        if self.followers.draining:
            # A browser never connects again after a refusal.
            yield RETRY
            return
        async with self.followers.follow(followed, self.actor.subject_id) as looks:
            yield RETRY
            number, silent = looks.number, 0
            looks_left = round(STREAM_SECONDS / self.followers.look_every_seconds)
            while looks_left:
                looks_left -= 1
                # A look that began before the first read may be older.
                if sent is None or view.version > sent:
                    yield _event(view, show(view))
                    sent, silent = view.version, 0
                elif (silent := silent + 1) >= SILENT_LOOKS_MAX:
                    yield STILL_HERE
                    silent = 0
                if not view.is_open:
                    return
                number = await looks.next(number)
                if not await self._may_go_on(looks, followed):
                    # The client reconnects, and receives the reason.
                    return
                view = looks.current

    async def _may_go_on(self, looks: Looks, followed: Followed[T]) -> bool:
        """Return False if the stream must end: the process stops, or the session, or what was followed is gone."""
        view: Any = looks.current
        if view is None or self.followers.draining:
            return False
        try:
            followed.permit(await self.readmit(), view)
        except DomainError:
            return False
        return True


def _event(view: Followable, shown: BaseModel) -> bytes:
    name = "progress" if view.is_open else "end"
    return f"event: {name}\nid: {view.version}\ndata: {shown.model_dump_json()}\n\n".encode()


async def _event_stream(request: Request, readmit: Readmission) -> EventStream:
    context = RequestContext.of(request.scope)
    if context.actor is None:
        raise RuntimeError("Events outside a chassis.rest.Router")
    context.is_stream = True
    seen = request.headers.get("last-event-id", "")
    # A version that is not one is ignored: the client gets the current state.
    last_seen = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= _DIGITS_MAX else None
    return EventStream(AppState.of(request.scope).followers, context.actor, readmit, last_seen)


Events = Annotated[EventStream, Depends(_event_stream)]
