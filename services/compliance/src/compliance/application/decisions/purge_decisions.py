from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from compliance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock

BATCH: Final = 5_000
# A backlog takes several runs.
BATCHES_A_RUN_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class PurgeDecisions:
    """Remove decisions that are older than `keep`, in short transactions."""

    uow: UnitOfWork
    clock: Clock
    keep: timedelta

    async def __call__(self, *, batch: int = BATCH) -> int:
        """Return how many were removed."""
        before, removed = self.clock.now() - self.keep, 0
        for _ in range(BATCHES_A_RUN_MAX):
            async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
                purged = await tx.decisions.purge(before, limit=batch)
            removed += purged
            if purged < batch:
                break
        return removed
