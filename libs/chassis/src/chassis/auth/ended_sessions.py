"""How a process learns that a session has ended, or that a user's factors have changed.

Identity's events arrive at once, but can be missed; the shared lists are complete. Both lists are read in one round trip.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.auth.revocations import KEPT_SECONDS, Revocations
from chassis.persistence.delivery import Delivery
from chassis.telemetry import log
from chassis.waiting import sleep_unless
from elcorp.identity.v1.events_pb2 import SessionEnded, UserFactorsChanged
from kernel.assurance import Factors
from kernel.clock import elapsed_seconds

# Written by identity: member = session id, score = time of its end, in epoch seconds.
ENDED_KEY: Final = "elcorp:sessions:ended"
# Written by identity: member = user id, version and whether there is a second factor (`factors_member`), score = time of the
# change.
FACTORS_KEY: Final = "elcorp:factors:changed"
POLL_SECONDS: Final = 1.0
# Entries arrive a little after their score's time, and clocks differ.
OVERLAP_SECONDS: Final = 5.0
# After an outage identity may write entries with much older times, so read the whole lists now and then.
FULL_READ_SECONDS: Final = 30.0
# The time of day was set by more than this between two polls: what was read or forgotten by it may be wrong.
JUMP_SECONDS: Final = 0.5
PAGE: Final = 1000

_KNOWN: Final = Gauge("ended_sessions", "Ended sessions whose tokens are refused.")
_CHANGED: Final = Gauge("changed_factors", "Users whose tokens from before a change of factors do not count as a recent sign-in.")
_AGE: Final = Gauge("ended_sessions_age_seconds", "Time since the shared list of ended sessions was last read.")


def factors_member(user_id: UUID, factors: Factors) -> str:
    """Return the list member that identity writes when a user's factors have changed."""
    return f"{user_id}:{factors.version}:{int(factors.has_second)}"


class EndedSessions:
    """Keeps `Revocations` up to date until `stop` is set."""

    def __init__(
        self,
        redis: Redis,
        revocations: Revocations,
        *,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = elapsed_seconds,
    ) -> None:
        self._redis = redis
        self.revocations = revocations
        self._now = now
        self._elapsed = elapsed
        self._read_to: float | None = None
        # When the time of day was 0, by `elapsed`.
        self._epoch = elapsed() - now()
        # By `elapsed`.
        self._full_read_at = float("-inf")
        self._away = False
        _KNOWN.set_function(lambda: len(revocations))
        _CHANGED.set_function(lambda: revocations.subjects)
        _AGE.set_function(revocations.seconds_since_confirmed)

    def on_ended(self, delivery: Delivery[SessionEnded]) -> None:
        """Listener callback."""
        self._end(delivery.message.session_id, delivery.occurred_at.timestamp())

    def on_factors_changed(self, delivery: Delivery[UserFactorsChanged]) -> None:
        """Listener callback."""
        message = delivery.message
        factors = Factors(message.factors_version, message.has_second_factor)
        self.revocations.change_factors(UUID(message.user_id), factors, delivery.occurred_at.timestamp())

    def read_all_next(self) -> None:
        """Listener callback on each connection: read all entries next, because events may have been missed."""
        self._full_read_at = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.poll()
            await sleep_unless(stop, POLL_SECONDS)

    async def poll(self) -> None:
        """Read the new entries of the shared lists, or all entries when that is due."""
        began, began_elapsed = self._now(), self._elapsed()
        if abs(began_elapsed - began - self._epoch) > JUMP_SECONDS:
            self._epoch = began_elapsed - began
            self.read_all_next()
        full = began_elapsed - self._full_read_at >= FULL_READ_SECONDS or self._read_to is None
        since = began - KEPT_SECONDS if full or self._read_to is None else self._read_to - OVERLAP_SECONDS
        if full:
            # Set before reading, so that a connection made meanwhile causes another full read.
            self._full_read_at = began_elapsed
        try:
            await self._read(since)
        except (RedisError, OSError) as error:
            self._full_read_at = float("-inf")
            if not self._away:
                log.warning("ended_sessions_unreadable", error=type(error).__name__)
            self._away = True
            return
        if self._away:
            log.info("ended_sessions_readable_again")
        self._away = False
        self._read_to = began
        self.revocations.confirm()
        if full:
            self.revocations.purge()

    async def _read(self, since: float) -> None:
        unread, offset = {ENDED_KEY: self._end, FACTORS_KEY: self._change_factors}, 0
        while unread:
            pages = await self._pages(list(unread), since, offset)
            for key, page in pages.items():
                for member, score in page:
                    unread[key](member.decode("ascii", "replace"), score)
                if len(page) < PAGE:
                    del unread[key]
            offset += PAGE

    async def _pages(self, keys: list[str], since: float, offset: int) -> dict[str, list[tuple[bytes, float]]]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                # Newest first: identity removes the oldest meanwhile, which would shift the pages of an ascending read.
                pipe.zrevrangebyscore(key, "+inf", since, start=offset, num=PAGE, withscores=True)
            return dict(zip(keys, await pipe.execute(), strict=True))

    def _end(self, session_id: str, ended_at: float) -> None:
        try:
            self.revocations.end(UUID(session_id), ended_at)
        except ValueError:
            log.warning("ended_session_id_invalid", session_id=session_id[:64])

    def _change_factors(self, member: str, changed_at: float) -> None:
        try:
            user_id, version, has_second = member.split(":")
            factors = Factors(int(version), has_second=has_second == "1")
            self.revocations.change_factors(UUID(user_id), factors, changed_at)
        except ValueError:
            log.warning("factors_change_invalid", member=member[:64])
