from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.ports.wrapped_keys import KeyUnitOfWork
from identity.application.wrapped_keys import audit
from kernel.actor import Actor
from kernel.clock import Clock

BATCH: Final = 500
_BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RotateMasterKey:
    """Wrap every key again with the new master key. What the keys sealed is not touched.

    Each batch is its own transaction. After an interruption, run it again; it skips keys that are wrapped with the new master key
    already.
    """

    uow: KeyUnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        """Return how many keys were wrapped again. Raise an error if neither master key opens a key."""
        total = await self._own_keys()
        after: UUID | None = _BEFORE_ALL
        while after is not None:
            after, count = await self._batch(after)
            total += count
        return total

    async def _own_keys(self) -> int:
        async with self.uow.begin(Actor.service("identity")) as tx:
            count = await tx.wrapped_keys.rewrap_own()
            if count:
                tx.record(audit.keys_rewrapped(count, "signing and receipt keys", at=self.clock.now()))
        return count

    async def _batch(self, after: UUID) -> tuple[UUID | None, int]:
        async with self.uow.begin(Actor.service("identity")) as tx:
            batch = await tx.wrapped_keys.rewrap_subjects(after, limit=BATCH)
            if batch.count:
                tx.record(audit.keys_rewrapped(batch.count, "subject keys", at=self.clock.now()))
        return batch.last, batch.count
