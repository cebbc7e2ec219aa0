"""Refresh tokens: the one that is presented, and those of a session that were used moments ago."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

# A client that never received our answer asks again with the used token; one that asks later has a stolen token.
RETRY_SECONDS_MAX: Final = 10
# So many used tokens a session remembers, each for ten seconds. A client that refreshes faster gets its token back unused.
REMEMBERED_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that we signed: its user, its session and its place in the session's chain. `digest` is its SHA-256."""

    text: str
    session_id: UUID
    user_id: UUID
    generation: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class UsedToken:
    """A token that was exchanged for its successor, which only the token itself opens."""

    generation: int
    digest: bytes
    sealed_successor: bytes
    used_at: datetime

    def may_be_retried(self, *, at: datetime) -> bool:
        return at - self.used_at <= timedelta(seconds=RETRY_SECONDS_MAX)
