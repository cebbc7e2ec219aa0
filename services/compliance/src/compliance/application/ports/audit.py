"""The audit log: how it is written, signed, and read whole."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from compliance.domain.checkpoint import Checkpoint, VerifierKey
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Frontier, Node


class LogRepository(Protocol):
    async def lock_frontier(self) -> Frontier:
        """Lock the log's head until the transaction ends: one writer at a time gives out places."""

    async def known(self, fact_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """Find the facts that are in the log already, with the hashes of their leaves."""

    async def append(self, entries: Sequence[LoggedEntry], nodes: Mapping[Node, bytes], frontier: Frontier) -> None:
        """Write the entries, the subtrees that they completed, and the new head."""

    async def unsigned_frontier(self) -> Frontier | None:
        """Read the head, without locking it, when no checkpoint covers all of it."""

    async def add_checkpoint(self, checkpoint: Checkpoint, note: str) -> bool:
        """Keep a checkpoint; False when there is one of its size."""


class LogSigner(Protocol):
    """Signs for the log."""

    @property
    def key(self) -> VerifierKey: ...

    @property
    def sign(self) -> Callable[[bytes], bytes]: ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring entries, in order.

    `misfiled` are those that are not found by what their leaves say, `related` is how many subjects their leaves name
    beside resource and actor.
    """

    sequences: Sequence[int]
    leaves: Sequence[bytes]
    hashes: Sequence[bytes]
    misfiled: Sequence[int] = ()
    related: int = 0


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    size: int
    root_hash: bytes
    note: str


class StoredLog(Protocol):
    """All that the log's tables hold, as of one moment."""

    @property
    def head(self) -> Frontier: ...

    @property
    def nodes(self) -> Mapping[Node, bytes]: ...

    @property
    def checkpoints(self) -> Sequence[StoredCheckpoint]: ...

    @property
    def key(self) -> VerifierKey | None: ...

    @property
    def related(self) -> int:
        """How often entries are filed under related subjects."""

    def chunks(self, *, with_columns: bool) -> AsyncIterator[Chunk]:
        """Read the entries; without their columns nothing is known of misfiled ones, several times as fast."""
