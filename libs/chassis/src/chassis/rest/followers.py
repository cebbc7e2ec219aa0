"""Readers of what clients follow: one for each key in a process, however many clients follow it."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any, Final

from prometheus_client import Counter, Gauge

from chassis.telemetry import log
from kernel.errors import Unavailable
from kernel.following import Followable, Followed

LOOK_EVERY_SECONDS: Final = 0.5
# Per process; and of one person, so that nobody can use up the places of the others.
FOLLOWERS_MAX: Final = 200
FOLLOWERS_OF_A_PERSON_MAX: Final = 20

FOLLOWERS: Final = Gauge("event_stream_followers", "Clients that follow an event stream of this process.")
REFUSED: Final = Counter("event_streams_refused_total", "Event streams refused: this process or the person has the maximum.")
REFUSAL_SECONDS: Final = 5


class Looks:
    """The latest view of one key, and the number of looks so far. `current` is None once it cannot be read any more."""

    def __init__(self, first: Followable) -> None:
        self.current: Followable | None = first
        self.number = 0
        self.followers = 0
        self.reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def next(self, after: int) -> int:
        """Wait for a look after that number, whether it shows a change or not, and return the latest number."""
        if self.number == after:
            await self._news.wait()
        return self.number

    def show(self, view: Followable | None) -> None:
        self.current = view
        self.number += 1
        news, self._news = self._news, asyncio.Event()
        news.set()


class Followers:
    """All clients of one app that follow something."""

    def __init__(
        self,
        *,
        followers_max: int = FOLLOWERS_MAX,
        of_a_person_max: int = FOLLOWERS_OF_A_PERSON_MAX,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self.count = 0
        self.followers_max = followers_max
        self.of_a_person_max = of_a_person_max
        self.look_every_seconds = look_every_seconds
        self.draining = False
        self._people: dict[str, int] = {}
        self._looks: dict[Hashable, Looks] = {}

    def drain(self) -> None:
        """End all streams now, and those that begin later at once: their clients reconnect to another process."""
        self.draining = True
        for looks in self._looks.values():
            looks.show(looks.current)

    def require_place(self, person: str) -> None:
        """Raise Unavailable if this process, or this person, has the maximum number of streams."""
        if self.count >= self.followers_max or self._people.get(person, 0) >= self.of_a_person_max:
            REFUSED.inc()
            raise Unavailable(retry_after_seconds=REFUSAL_SECONDS, followers=self.count)

    @asynccontextmanager
    async def follow(self, followed: Followed[Any], person: str) -> AsyncIterator[Looks]:
        """Count the person's stream, and share the reader with the other followers of the key."""
        looks = self._looks.get(followed.key)
        if looks is None or looks.current is None:
            looks = self._looks[followed.key] = Looks(followed.first)
            # Without the context of the first follower's request: the reader may outlive it.
            looks.reader = asyncio.create_task(self._read(looks, followed), context=Context())
            looks.reader.add_done_callback(_report)
        looks.followers += 1
        self._count(person, 1)
        try:
            yield looks
        finally:
            looks.followers -= 1
            self._count(person, -1)
            if not looks.followers and looks.reader:
                looks.reader.cancel()
                self._forget(followed.key, looks)

    def _count(self, person: str, change: int) -> None:
        self.count += change
        FOLLOWERS.inc(change)
        self._people[person] = self._people.get(person, 0) + change
        if not self._people[person]:
            del self._people[person]

    async def _read(self, looks: Looks, followed: Followed[Any]) -> None:
        """Read again and again until nothing changes any more. A failed read ends the streams; clients reconnect."""
        try:
            while looks.current is not None and looks.current.is_open:
                await asyncio.sleep(self.look_every_seconds)
                looks.show(await followed.read())
        except BaseException:
            looks.show(None)
            raise
        finally:
            self._forget(followed.key, looks)

    def _forget(self, key: Hashable, looks: Looks) -> None:
        if self._looks.get(key) is looks:
            del self._looks[key]


def _report(reader: asyncio.Task[None]) -> None:
    if not reader.cancelled() and (error := reader.exception()):
        log.warning("follower_read_failed", problem=type(error).__name__)
