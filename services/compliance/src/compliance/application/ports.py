"""What compliance needs of the world."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from compliance.domain.checkpoint import Checkpoint, VerifierKey
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Frontier, Node
from compliance.domain.screening import ScreeningBlock
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Event


class Log(Protocol):
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


class Blocks(Protocol):
    async def add(self, block: ScreeningBlock) -> None: ...

    async def find_standing(self, subject_id: UUID) -> ScreeningBlock | None:
        """Find the block that stands against a subject; until the transaction ends nobody else places one."""

    async def get(self, block_id: UUID) -> ScreeningBlock | None:
        """Find a block, locked."""


class Transaction(Protocol):
    @property
    def log(self) -> Log: ...

    @property
    def blocks(self) -> Blocks: ...

    def record(self, fact: AuditFact) -> None: ...

    def announce(self, event: Event) -> None: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor, *, audited: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction; `audited=False` for what is itself the record."""


class BlockList(Protocol):
    async def standing(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Give the reason of each block that stands against one of the subjects; raises when it cannot tell."""


class LogSigner(Protocol):
    """Signs for the log."""

    @property
    def key(self) -> VerifierKey: ...

    @property
    def sign(self) -> Callable[[bytes], bytes]: ...
