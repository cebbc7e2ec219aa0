"""Sessions that have ended: their tokens are refused before they expire."""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

# Longer than an access token lives (15 minutes) with its clock's leeway: afterwards the token is refused as expired.
KEPT_SECONDS: Final = 20 * 60
SESSIONS_MAX: Final = 500_000
# The shared list is read every second; older than this, what is known of it may lack one.
STALE_SECONDS: Final = 3.0


class Revocations:
    """Ended sessions, and how sure we are to know them all."""

    def __init__(self, *, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._monotonic = monotonic
        self._ended: dict[UUID, float] = {}
        self._confirmed_at: float | None = None

    def __len__(self) -> int:
        return len(self._ended)

    def end(self, session_id: UUID, ended_at: float) -> None:
        """Refuse the session's tokens from now on; `ended_at` in epoch seconds."""
        until = ended_at + KEPT_SECONDS
        if until <= self._now() or self._ended.get(session_id, 0) >= until:
            return
        while len(self._ended) >= SESSIONS_MAX:
            del self._ended[next(iter(self._ended))]
        self._ended[session_id] = until

    def has_ended(self, session_id: UUID) -> bool:
        return session_id in self._ended

    def purge(self) -> None:
        """Forget the sessions whose tokens have expired by themselves."""
        now = self._now()
        for session_id in [session_id for session_id, until in self._ended.items() if until <= now]:
            del self._ended[session_id]

    def confirm(self) -> None:
        """Note that the shared list has just been read."""
        self._confirmed_at = self._monotonic()

    def seconds_since_confirmed(self) -> float:
        return float("inf") if self._confirmed_at is None else self._monotonic() - self._confirmed_at

    @property
    def is_current(self) -> bool:
        """Whether the shared list was read so lately that a session not among the ended ones has not ended."""
        return self.seconds_since_confirmed() <= STALE_SECONDS
