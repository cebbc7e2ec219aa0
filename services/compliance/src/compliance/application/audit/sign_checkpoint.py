from dataclasses import dataclass

from compliance.application.ports.audit import LogSigner
from compliance.application.ports.transaction import UnitOfWork
from compliance.domain.checkpoint import Checkpoint
from compliance.domain.events import CheckpointSigned
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SignCheckpoint:
    """Sign the log's head if the log has grown since the last checkpoint."""

    uow: UnitOfWork
    signer: LogSigner
    clock: Clock

    async def __call__(self) -> Checkpoint | None:
        """Return the new checkpoint, or None if there is nothing to sign or another process has just signed it."""
        async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
            # Any committed head can be signed, so appends are not blocked.
            frontier = await tx.log.unsigned_frontier()
            if frontier is None:
                return None
            key = self.signer.key
            checkpoint = Checkpoint(key.name, frontier.size, frontier.root)
            note = checkpoint.sign(key, self.signer.sign)
            if not await tx.log.add_checkpoint(checkpoint, note):
                return None
            tx.announce(
                CheckpointSigned(
                    occurred_at=self.clock.now(),
                    origin=checkpoint.origin,
                    tree_size=checkpoint.size,
                    root_hash=checkpoint.root_hash,
                    note=note,
                )
            )
            return checkpoint
