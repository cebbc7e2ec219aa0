"""Where a process learns that a session has ended: from identity's event at once, from the shared list for sure."""

import asyncio
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.auth.revocations import KEPT_SECONDS, Revocations
from chassis.messaging.delivery import Delivery
from chassis.run.waiting import pause_unless
from chassis.telemetry import log
from elcorp.identity.v1.events_pb2 import SessionEnded

# Identity keeps it: member = session id, score = when it ended, in epoch seconds.
ENDED_KEY: Final = "elcorp:sessions:ended"
POLL_SECONDS: Final = 1.0
# Entries arrive somewhat later than they are dated, and clocks differ.
OVERLAP_SECONDS: Final = 5.0
# What identity could note only late, after a broker's outage, is dated further back: read all of it now and then.
FULL_READ_SECONDS: Final = 30.0
PAGE: Final = 1000

_KNOWN: Final = Gauge("ended_sessions", "Ended sessions whose tokens are refused.")
_AGE: Final = Gauge("ended_sessions_age_seconds", "Since the shared list of ended sessions was last read.")


class EndedSessions:
    """Keeps `Revocations` up to date until told to stop."""

    def __init__(self, redis: Redis, revocations: Revocations, *, now: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self.revocations = revocations
        self._now = now
        self._read_to: float | None = None
        self._full_read_at = float("-inf")
        self._away = False
        _KNOWN.set_function(lambda: len(revocations))
        _AGE.set_function(revocations.seconds_since_confirmed)

    def on_ended(self, delivery: Delivery[SessionEnded]) -> None:
        """Listener callback."""
        self._end(delivery.message.session_id, delivery.occurred_at.timestamp())

    def read_all_next(self) -> None:
        """Listener callback on each connection: what was announced while nobody listened is made up for."""
        self._full_read_at = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.poll()
            await pause_unless(stop, POLL_SECONDS)

    async def poll(self) -> None:
        """Read what is new in the shared list, or all of it when that is due."""
        began = self._now()
        full = began - self._full_read_at >= FULL_READ_SECONDS or self._read_to is None
        since = began - KEPT_SECONDS if full or self._read_to is None else self._read_to - OVERLAP_SECONDS
        if full:
            # Before reading: a connection meanwhile asks for another.
            self._full_read_at = began
        try:
            await self._read(since)
        except (RedisError, OSError) as error:
            self._full_read_at = float("-inf")
            if not self._away:
                log.warning("ended sessions cannot be read: what moves money is refused", error=type(error).__name__)
            self._away = True
            return
        if self._away:
            log.info("ended sessions can be read again")
        self._away = False
        self._read_to = began
        self.revocations.confirm()
        if full:
            self.revocations.purge()

    async def _read(self, since: float) -> None:
        offset = 0
        while True:
            # The latest first: identity forgets the oldest meanwhile, and what leaves in front of a page would hide others.
            page: list[tuple[bytes, float]] = await self._redis.zrevrangebyscore(  # type: ignore[assignment]  # both modes in one
                ENDED_KEY, "+inf", since, start=offset, num=PAGE, withscores=True
            )
            for member, score in page:
                self._end(member.decode("ascii", "replace"), score)
            if len(page) < PAGE:
                return
            offset += PAGE

    def _end(self, session_id: str, ended_at: float) -> None:
        try:
            self.revocations.end(UUID(session_id), ended_at)
        except ValueError:
            log.warning("an ended session has no readable id", session_id=session_id[:64])
