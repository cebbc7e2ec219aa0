"""Changes that access tokens do not show before they expire: ended sessions and changed factors."""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from kernel.assurance import Factors
from kernel.clock import elapsed_seconds

# Longer than the lifetime of an access token (15 minutes) plus the clock leeway: after that the token has expired.
KEPT_SECONDS: Final = 20 * 60
SESSIONS_MAX: Final = 500_000
SUBJECTS_MAX: Final = 500_000
# The shared lists are read every second; if the last read is older than this, entries may be missing.
STALE_SECONDS: Final = 3.0


class Revocations:
    """Ended sessions and users whose factors have changed, and whether the lists are current."""

    def __init__(self, *, now: Callable[[], float] = time.time, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        self._now = now
        self._elapsed = elapsed
        self._ended: dict[UUID, float] = {}
        self._factors: dict[str, tuple[Factors, float]] = {}
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

    @property
    def subjects(self) -> int:
        """The number of users who may have tokens from before their factors changed."""
        return len(self._factors)

    def change_factors(self, subject_id: UUID, factors: Factors, changed_at: float) -> None:
        """Record a change of factors, which outdates tokens of earlier versions; `changed_at` in epoch seconds."""
        until, subject = changed_at + KEPT_SECONDS, str(subject_id)
        known = self._factors.get(subject)
        if until <= self._now() or (known and (known[0].version, known[1]) >= (factors.version, until)):
            return
        self._factors.pop(subject, None)
        while len(self._factors) >= SUBJECTS_MAX:
            del self._factors[next(iter(self._factors))]
        self._factors[subject] = factors, until

    def outdating(self, subject_id: str, version: int) -> Factors | None:
        """Return the later factors that outdate a token of this version; None if it is not outdated."""
        known = self._factors.get(subject_id)
        return known[0] if known and version < known[0].version else None

    def purge(self) -> None:
        """Forget the sessions and versions whose tokens have all expired."""
        now = self._now()
        for session_id in [session_id for session_id, until in self._ended.items() if until <= now]:
            del self._ended[session_id]
        for subject in [subject for subject, (_, until) in self._factors.items() if until <= now]:
            del self._factors[subject]

    def confirm(self) -> None:
        """Record that the shared lists have just been read."""
        self._confirmed_at = self._elapsed()

    def seconds_since_confirmed(self) -> float:
        return float("inf") if self._confirmed_at is None else self._elapsed() - self._confirmed_at

    @property
    def is_current(self) -> bool:
        """Whether the shared lists were read recently enough to know all ended sessions."""
        return self.seconds_since_confirmed() <= STALE_SECONDS
