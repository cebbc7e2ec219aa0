"""The ports for the replacement of the master key."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kernel import transaction
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class RewrappedBatch:
    """`last` is the last subject of the batch, None if it was empty. `count` is how many keys were wrapped again."""

    last: UUID | None
    count: int


class WrappedKeys(Protocol):
    async def rewrap_subjects(self, after: UUID, *, limit: int) -> RewrappedBatch:
        """Wrap the keys of the next subjects, in id order, with the master key."""

    async def rewrap_own(self) -> int:
        """Seal the service's own keys with the master key. Return how many were not yet sealed with it."""


class KeyTransaction(transaction.Transaction, Protocol):
    @property
    def wrapped_keys(self) -> WrappedKeys: ...


class KeyUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[KeyTransaction]: ...
