from collections.abc import Sequence
from dataclasses import dataclass

from compliance.application.ports.transaction import UnitOfWork
from compliance.domain.entry import AuditEntry, LoggedEntry
from compliance.domain.merkle import STORED_LEVELS, Node, leaf_hash
from kernel.actor import Actor
from kernel.errors import DomainError, Kind

TRANSACTION_ENTRIES_MAX = 5_000


class FactRewritten(DomainError):
    """The log already contains another fact with this id."""

    kind = Kind.CONFLICT
    code = "CMP_003"


@dataclass(frozen=True, slots=True)
class AppendFacts:
    """Append facts to the log in the given order. A fact that is already in the log keeps its position."""

    uow: UnitOfWork

    async def __call__(self, *, entries: Sequence[AuditEntry]) -> int:
        """Return how many facts were new. Raise FactRewritten if the log has a different fact with the same id."""
        # Encode and hash the entries before the log is locked.
        leaves = [_written(entry.clipped()) for entry in entries]
        starts = range(0, len(leaves), TRANSACTION_ENTRIES_MAX)
        return sum([await self._append(leaves[start : start + TRANSACTION_ENTRIES_MAX]) for start in starts])

    async def _append(self, leaves: Sequence[tuple[AuditEntry, bytes, bytes]]) -> int:
        async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
            frontier = await tx.log.lock_frontier()
            hashes = dict(await tx.log.known([entry.fact_id for entry, _, _ in leaves]))
            logged: list[LoggedEntry] = []
            nodes: dict[Node, bytes] = {}
            for entry, leaf, hash_ in leaves:
                if earlier := hashes.get(entry.fact_id):
                    if earlier != hash_:
                        raise FactRewritten(fact_id=entry.fact_id)
                    continue
                hashes[entry.fact_id] = hash_
                logged.append(LoggedEntry(frontier.size, entry, leaf, hash_))
                completed = frontier.append(hash_)
                nodes.update({node: node_hash for node, node_hash in completed if node.level % STORED_LEVELS == 0})
            if logged:
                await tx.log.append(logged, nodes, frontier)
        return len(logged)


def _written(entry: AuditEntry) -> tuple[AuditEntry, bytes, bytes]:
    leaf = entry.leaf()
    return entry, leaf, leaf_hash(leaf)
