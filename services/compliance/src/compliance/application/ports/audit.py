"""Write, sign and read the whole audit log."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from compliance.domain.checkpoint import Checkpoint, VerifierKey
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Frontier, Node


class LogRepository(Protocol):
    async def lock_frontier(self) -> Frontier:
        """Lock the log's head until the transaction ends, so that one writer at a time assigns indexes."""

    async def known(self, fact_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """Return the facts that are already in the log, with their leaf hashes."""

    async def append(self, entries: Sequence[LoggedEntry], nodes: Mapping[Node, bytes], frontier: Frontier) -> None:
        """Write the entries, the subtrees that they complete, and the new head."""

    async def unsigned_frontier(self) -> Frontier | None:
        """Read the head without locking it, one signer at a time. Return None if a checkpoint covers all of it."""

    async def add_checkpoint(self, checkpoint: Checkpoint, note: str) -> bool:
        """Store a checkpoint. Return False if there is one of its size."""


class LogSigner(Protocol):
    """The signer of the log's checkpoints."""

    @property
    def key(self) -> VerifierKey: ...

    @property
    def sign(self) -> Callable[[bytes], bytes]: ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive entries, in order.

    `unreadable` are the entries whose leaves are not entries of this log. `misfiled` are those whose columns or related subjects
    do not match their leaves. `related` is the number of subjects that the leaves name besides resource and actor.
    """

    sequences: Sequence[int]
    leaves: Sequence[bytes]
    hashes: Sequence[bytes]
    unreadable: Sequence[int] = ()
    misfiled: Sequence[int] = ()
    related: int = 0


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    size: int
    root_hash: bytes
    note: str


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The head as it is stored: nobody has checked that its hashes are hashes."""

    size: int
    hashes: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class StoredKey:
    name: str
    public_key: bytes
    sealed_seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.public_key)


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A note that was kept outside the database; `source` says where, for people."""

    source: str
    note: str


class StoredLog(Protocol):
    """The contents of all the log's tables at one moment."""

    @property
    def head(self) -> StoredHead | None: ...

    @property
    def nodes(self) -> Mapping[Node, bytes]: ...

    @property
    def checkpoints(self) -> Sequence[StoredCheckpoint]: ...

    @property
    def keys(self) -> Sequence[StoredKey]:
        """All rows of the log's key, oldest first. An intact log has one."""

    @property
    def related(self) -> int:
        """The number of stored rows of related subjects."""

    def chunks(self, *, with_columns: bool) -> AsyncIterator[Chunk]:
        """Read the entries. Without their columns it is several times as fast, but finds no misfiled entries."""
