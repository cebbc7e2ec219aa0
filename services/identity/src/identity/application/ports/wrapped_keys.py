"""What replacing the master key needs of the world."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kernel import transaction
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class RewrappedBatch:
    """`last` is the last subject looked at, None when there were none; `count` how many keys were wrapped anew."""

    last: UUID | None
    count: int


class WrappedKeys(Protocol):
    async def rewrap_subjects(self, after: UUID, *, limit: int) -> RewrappedBatch:
        """Wrap the next subjects' keys, in order of id, with the master key."""

    async def rewrap_own(self) -> int:
        """Seal the service's own signing keys with the master key; return for how many that was news."""


class KeyTransaction(transaction.Transaction, Protocol):
    @property
    def wrapped_keys(self) -> WrappedKeys: ...


class KeyUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[KeyTransaction]: ...
