from dataclasses import dataclass
from typing import Final

from identity.application.attempts import audit
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id

_BATCH: Final = 20
_BATCHES_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class RecordCountedAttempts:
    """Record counted attempts in the audit log, one fact for each address that is due.

    The counts are deleted in the transaction that records the fact, so a crash loses neither.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        """Return how many addresses were recorded. The next run records the rest."""
        recorded = 0
        for _ in range(_BATCHES_MAX):
            count = await self._record_batch()
            recorded += count
            if count < _BATCH:
                break
        return recorded

    async def _record_batch(self) -> int:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            due = await tx.attempt_counts.lock_due(at=at, limit=_BATCH)
            # A run without due attempts must not write: it would add an entry each minute.
            if due:
                await tx.attempt_counts.settle([each.source for each in due], at=at)
            for each in due:
                tx.record(audit.attempts_counted(each, at=at), actor=Actor.anonymous(ip=each.source, request_id=str(new_id())))
        return len(due)
