from collections.abc import Sequence
from dataclasses import dataclass

from compliance.application.ports import UnitOfWork
from compliance.domain.entry import AuditEntry, LoggedEntry
from compliance.domain.merkle import Node
from kernel.actor import Actor

# Inner nodes are kept at every eighth level: proofs read a few hundred hashes at most, and a node costs 256 entries.
STORED_LEVELS = 8


@dataclass(frozen=True, slots=True)
class AppendFacts:
    """Append facts to the log, each once, in the order given; a fact that is there already keeps its place."""

    uow: UnitOfWork

    async def __call__(self, entries: Sequence[AuditEntry]) -> int:
        """Return how many were new."""
        fresh = {entry.fact_id: entry for entry in entries}
        async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
            frontier = await tx.log.lock_frontier()
            for known in await tx.log.known(fresh.keys()):
                del fresh[known]
            logged: list[LoggedEntry] = []
            nodes: dict[Node, bytes] = {}
            for entry in fresh.values():
                new = LoggedEntry(frontier.size, entry, entry.leaf())
                logged.append(new)
                completed = frontier.append(new.hash)
                nodes.update({node: hash_ for node, hash_ in completed if node.level % STORED_LEVELS == 0})
            if logged:
                await tx.log.append(logged, nodes, frontier)
        return len(logged)
