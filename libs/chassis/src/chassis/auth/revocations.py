"""What access tokens say that no longer holds, before they expire: sessions that ended, proofs of factors that changed."""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from kernel.assurance import Factors

# Longer than an access token lives (15 minutes) with its clock's leeway: afterwards the token is refused as expired.
KEPT_SECONDS: Final = 20 * 60
SESSIONS_MAX: Final = 500_000
SUBJECTS_MAX: Final = 500_000
# The shared lists are read every second; older than this, what is known of them may lack one.
STALE_SECONDS: Final = 3.0


class Revocations:
    """Ended sessions, and users whose factors have changed; and how sure we are to know them all."""

    def __init__(self, *, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._monotonic = monotonic
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
        """How many users have tokens that may be of before their factors changed."""
        return len(self._factors)

    def change_factors(self, subject_id: UUID, factors: Factors, changed_at: float) -> None:
        """Let tokens of earlier versions prove nothing from now on; `changed_at` in epoch seconds."""
        until, subject = changed_at + KEPT_SECONDS, str(subject_id)
        known = self._factors.get(subject)
        if until <= self._now() or (known and (known[0].version, known[1]) >= (factors.version, until)):
            return
        self._factors.pop(subject, None)
        while len(self._factors) >= SUBJECTS_MAX:
            del self._factors[next(iter(self._factors))]
        self._factors[subject] = factors, until

    def outdating(self, subject_id: str, version: int) -> Factors | None:
        """Return the later factors by which a token of this version proves nothing; None when it is not outdated."""
        known = self._factors.get(subject_id)
        return known[0] if known and version < known[0].version else None

    def purge(self) -> None:
        """Forget the sessions and versions of which all tokens have expired by themselves."""
        now = self._now()
        for session_id in [session_id for session_id, until in self._ended.items() if until <= now]:
            del self._ended[session_id]
        for subject in [subject for subject, (_, until) in self._factors.items() if until <= now]:
            del self._factors[subject]

    def confirm(self) -> None:
        """Note that the shared lists have just been read."""
        self._confirmed_at = self._monotonic()

    def seconds_since_confirmed(self) -> float:
        return float("inf") if self._confirmed_at is None else self._monotonic() - self._confirmed_at

    @property
    def is_current(self) -> bool:
        """Whether the shared lists were read so lately that a session not among the ended ones has not ended."""
        return self.seconds_since_confirmed() <= STALE_SECONDS
