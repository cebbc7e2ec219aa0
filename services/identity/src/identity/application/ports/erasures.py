"""The ports of erasures."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from identity.application.ports.users import UserRepository
from identity.domain.erasure import Erasure
from kernel import transaction
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """`key_digest` is the SHA-256, in hex, of the destroyed wrapped key."""

    key_digest: str


class ErasureRepository(Protocol):
    def add(self, erasure: Erasure) -> None: ...

    async def lock(self, erasure_id: UUID) -> Erasure | None:
        """Find an erasure and lock it until the transaction ends. Lock its user first."""

    async def lock_of(self, user_id: UUID) -> Erasure | None:
        """Find a user's erasure and lock it. Call this only under the user's lock, or another request may add one meanwhile."""

    async def user_of(self, erasure_id: UUID) -> UUID | None:
        """Return the user of an erasure, who never changes."""

    async def destroy(self, user_id: UUID) -> DestroyedKey:
        """Destroy a user's key, and so all data that it sealed, in backups too; and delete all other personal data here."""


class Receipts(Protocol):
    async def sign(self, statement: dict[str, Any], *, at: datetime) -> dict[str, Any]:
        """Return the statement as a receipt that anybody can verify offline with our public key."""


class ErasureTransaction(transaction.Transaction, Protocol):
    """The transaction that records an answer. It needs no master key, so a process without one can use it."""

    @property
    def users(self) -> UserRepository: ...

    @property
    def erasures(self) -> ErasureRepository: ...


class ErasureUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[ErasureTransaction]: ...


class ErasureBook(Protocol):
    """The erasures that the jobs look up."""

    async def due_erasures(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        """Find erasures whose legal date has come."""

    async def unanswered_erasures(self, asked_before: datetime, *, limit: int) -> Sequence[UUID]:
        """Find erasures that a service has not answered for long."""
