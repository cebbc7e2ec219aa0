"""What recovering an account needs of the world."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from identity.domain.email_undo import EmailUndo
from identity.domain.recovery_request import RecoveryRequest
from kernel.actor import Actor


class EmailUndos(Protocol):
    async def add(self, undo: EmailUndo, email: str) -> None:
        """Keep a link, and sealed beside it the address that it restores."""

    async def lock(self, digest: bytes) -> tuple[EmailUndo, str] | None:
        """Find a link by its text's digest, with its address, and lock it until the transaction ends."""

    async def void(self, user_id: UUID, *, created_since: datetime, at: datetime) -> None:
        """Use up a user's links that were made at that time or later."""

    async def open_until(self, user_id: UUID, *, at: datetime) -> datetime | None:
        """Return when the last of a user's open links expires; None when none is open. Only under the user's lock."""

    async def purge(self, expired_before: datetime) -> int:
        """Drop links that have expired; return how many there were."""


class RecoveryRequests(Protocol):
    def add(self, request: RecoveryRequest) -> None: ...

    async def lock(self, request_id: UUID) -> RecoveryRequest | None: ...

    async def waiting_of(self, user_id: UUID, *, at: datetime) -> RecoveryRequest | None:
        """Find a user's confirmed request that waits to be decided; it changes only under its user's lock."""

    async def unconfirmed_since(self, user_id: UUID, since: datetime, *, at: datetime) -> Sequence[datetime]:
        """Return when a user's requests that wait to be confirmed were made, newest first, `UNCONFIRMED_PER_HOUR_MAX` at most."""

    async def void(self, user_id: UUID, *, at: datetime, unconfirmed_only: bool = False) -> Sequence[UUID]:
        """End a user's requests that wait, or those of them that are not confirmed. Return their ids."""


class Verdict(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    OPEN = "open"


class Approvals(Protocol):
    async def vote(self, request: RecoveryRequest, *, actor: Actor, approve: bool) -> Verdict:
        """Count a person's vote, which they may cast, and tell what it comes to."""
