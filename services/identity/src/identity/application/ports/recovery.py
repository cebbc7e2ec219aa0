"""The ports of account recovery."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.email_undo import EmailUndo
from identity.domain.recovery_request import RecoveryRequest


class EmailUndos(Protocol):
    async def add(self, undo: EmailUndo, email: str) -> None:
        """Store a link, and sealed with it the address that it restores."""

    async def lock(self, digest: bytes) -> tuple[EmailUndo, str] | None:
        """Find a link and its address by the digest of its text, and lock it until the transaction ends."""

    async def void(self, user_id: UUID, *, created_since: datetime, at: datetime) -> None:
        """Void a user's links that were created at that time or later."""

    async def open_until(self, user_id: UUID, *, at: datetime) -> datetime | None:
        """Return when the last of a user's open links expires, or None. Call this only under the user's lock."""

    async def purge(self, expired_before: datetime) -> int:
        """Delete expired links. Return how many there were."""


class RecoveryRequests(Protocol):
    def add(self, request: RecoveryRequest) -> None: ...

    async def lock(self, request_id: UUID) -> RecoveryRequest | None: ...

    async def owner_of(self, request_id: UUID) -> UUID | None:
        """Return the user of a request, which never changes."""

    async def waiting_of(self, user_id: UUID, *, at: datetime) -> RecoveryRequest | None:
        """Find a user's confirmed request that waits for a decision. It changes only under its user's lock."""

    async def unconfirmed_since(self, user_id: UUID, since: datetime, *, at: datetime) -> Sequence[datetime]:
        """Return the times of a user's unconfirmed open requests, newest first, at most `UNCONFIRMED_PER_HOUR_MAX`."""

    async def void(self, user_id: UUID, *, at: datetime, unconfirmed_only: bool = False) -> Sequence[UUID]:
        """End a user's open requests, or only the unconfirmed ones. Return their ids."""


class DeciderRights(Protocol):
    async def require(self, user_id: UUID) -> None:
        """Raise NoLongerDecider unless a person may act and decide on recovery now, or Unavailable if that is not known."""
