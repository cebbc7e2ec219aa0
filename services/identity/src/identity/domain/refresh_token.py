"""Refresh tokens: the presented one, and the recently used ones of a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

# A client that did not receive our response repeats the used token. A later repeat means that the token was stolen.
RETRY_SECONDS_MAX: Final = 10
# How many used tokens a session stores, each for ten seconds. A client that refreshes faster keeps its current token.
REMEMBERED_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that we signed: its user, its session and its position in the chain. `digest` is its SHA-256."""

    text: str
    session_id: UUID
    user_id: UUID
    generation: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class UsedToken:
    """A token that was exchanged for its successor. Only the token itself opens the sealed successor."""

    generation: int
    digest: bytes
    sealed_successor: bytes
    used_at: datetime

    def may_be_retried(self, *, at: datetime) -> bool:
        return at - self.used_at <= timedelta(seconds=RETRY_SECONDS_MAX)
