"""Recompute the whole log from its leaves, and compare everything that was ever said of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from compliance.domain.merkle import STORED_LEVELS, Frontier, Node, leaf_hash

_CHUNK = 10_000
_LEAVES = text("SELECT sequence, leaf, leaf_hash FROM audit_entries ORDER BY sequence")
_HEAD = text("SELECT size, hashes FROM audit_head")
_NODES = text("SELECT level, index, hash FROM audit_nodes")
_CHECKPOINTS = text("SELECT size, root_hash FROM checkpoints ORDER BY size")


@dataclass
class Finding:
    """The log as it was found; no problems mean that it is intact."""

    size: int = 0
    checkpoints: int = 0
    root_hash: bytes = b""
    problems: list[str] = field(default_factory=list)


async def check_log(database: Database, *, progress: Callable[[int, int], None] = lambda _done, _size: None) -> Finding:
    """Read every leaf once, in one snapshot; memory stays flat but for the stored nodes (one for 256 entries)."""
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        head = (await connection.execute(_HEAD)).one()
        roots = {row.size: bytes(row.root_hash) for row in await connection.execute(_CHECKPOINTS)}
        nodes = {Node(level, position): bytes(hash_) for level, position, hash_ in await connection.execute(_NODES)}
        finding = Finding(checkpoints=len(roots))
        frontier = await _recompute(connection, finding, nodes, roots, lambda done: progress(done, head.size))
    finding.size, finding.root_hash = frontier.size, frontier.root
    if (head.size, [bytes(hash_) for hash_ in head.hashes]) != (frontier.size, frontier.hashes):
        finding.problems.append(f"the head says {head.size} entries with other hashes than the {frontier.size} leaves give")
    finding.problems += [f"node {node.level}/{node.position} belongs to no entries" for node in nodes]
    finding.problems += [f"checkpoint {size} is of a larger log than there is" for size in roots if size > frontier.size]
    return finding


async def _recompute(
    connection: AsyncConnection,
    finding: Finding,
    nodes: dict[Node, bytes],
    roots: dict[int, bytes],
    progress: Callable[[int], None],
) -> Frontier:
    frontier = Frontier()
    async with connection.stream(_LEAVES, execution_options={"yield_per": _CHUNK}) as leaves:
        async for row in leaves:
            hash_ = leaf_hash(bytes(row.leaf))
            if (row.sequence, bytes(row.leaf_hash)) != (frontier.size, hash_):
                finding.problems.append(f"entry {row.sequence} is not what its place and hash say (expected {frontier.size})")
            for node, computed in frontier.append(hash_):
                if node.level % STORED_LEVELS == 0 and nodes.pop(node, None) != computed:
                    finding.problems.append(f"node {node.level}/{node.position} is missing or not what its entries give")
            if frontier.size in roots and roots[frontier.size] != frontier.root:
                finding.problems.append(f"checkpoint {frontier.size} was signed for another log")
            if frontier.size % _CHUNK == 0:
                progress(frontier.size)
    progress(frontier.size)
    return frontier
