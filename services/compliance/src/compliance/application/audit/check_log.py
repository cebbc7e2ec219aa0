"""Recompute the log from its leaves, and compare the result with the head, nodes, checkpoints and columns."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from compliance.application.ports.audit import Chunk, StoredLog
from compliance.domain.checkpoint import Checkpoint, MalformedNote, Verify
from compliance.domain.merkle import STORED_LEVELS, Frontier, leaf_hash

# A rewritten entry changes everything after it. The first problems show where the change begins.
PROBLEMS_MAX = 100


@dataclass
class Finding:
    """The result of a check. The log is intact if there are no problems."""

    size: int = 0
    checkpoints: int = 0
    root_hash: bytes = b""
    problems: list[str] = field(default_factory=list)

    def complain(self, problem: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class CheckLog:
    """Check the whole log in one snapshot. Memory grows only with the stored nodes (one per 256 entries)."""

    open_log: Callable[[], AbstractAsyncContextManager[StoredLog]]
    verify: Verify

    async def __call__(
        self, *, with_columns: bool = True, progress: Callable[[int, int], None] = lambda _done, _size: None
    ) -> Finding:
        """Return the result. `progress` receives the number of checked entries and the total.

        `with_columns=False` skips the check that the indexed columns agree with the leaves.
        """
        async with self.open_log() as log:
            finding = Finding(checkpoints=len(log.checkpoints))
            recomputation = _Recomputation(finding, log)
            async for chunk in log.chunks(with_columns=with_columns):
                recomputation.add(chunk)
                progress(recomputation.frontier.size, log.head.size)
            recomputation.finish(with_columns=with_columns)
            self._check_notes(log, finding)
        return finding

    def _check_notes(self, log: StoredLog, finding: Finding) -> None:
        key = log.key
        if key is None:
            if log.checkpoints:
                finding.complain("there are checkpoints, but no key that could have signed them")
            return
        for stored in log.checkpoints:
            try:
                signed = Checkpoint.open(stored.note, key, self.verify)
            except MalformedNote as problem:
                finding.complain(f"the note of checkpoint {stored.size} does not verify: {problem}")
                continue
            if (signed.size, signed.root_hash) != (stored.size, stored.root_hash):
                finding.complain(f"the note of checkpoint {stored.size} belongs to another checkpoint")


class _Recomputation:
    """The tree, recomputed from the leaves."""

    def __init__(self, finding: Finding, log: StoredLog) -> None:
        self.frontier = Frontier()
        self._related = 0
        self._finding = finding
        self._log = log
        self._nodes = dict(log.nodes)
        self._roots = {checkpoint.size: checkpoint.root_hash for checkpoint in log.checkpoints}

    def add(self, chunk: Chunk) -> None:
        for sequence, leaf, stored in zip(chunk.sequences, chunk.leaves, chunk.hashes, strict=True):
            hash_ = leaf_hash(leaf)
            if sequence != self.frontier.size:
                self._finding.complain(f"entry {sequence} is at the position of entry {self.frontier.size}")
            if stored != hash_:
                self._finding.complain(f"entry {sequence} does not match its hash")
            self._append(hash_)
        self._related += chunk.related
        for sequence in chunk.misfiled:
            self._finding.complain(f"the columns or related subjects of entry {sequence} do not match its leaf")

    def finish(self, *, with_columns: bool) -> None:
        head, frontier, finding = self._log.head, self.frontier, self._finding
        finding.size, finding.root_hash = frontier.size, frontier.root
        if (head.size, head.hashes) != (frontier.size, frontier.hashes):
            finding.complain(f"the head has {head.size} entries and other hashes than the {frontier.size} leaves")
        if with_columns and self._log.related > self._related:
            finding.complain(f"{self._log.related - self._related} rows of related subjects are not in the leaves")
        for node in self._nodes:
            finding.complain(f"node {node.level}/{node.position} belongs to no entries of the log")
        for size in self._roots:
            if size > frontier.size:
                finding.complain(f"checkpoint {size} is larger than the log")

    def _append(self, hash_: bytes) -> None:
        frontier = self.frontier
        for node, computed in frontier.append(hash_):
            if node.level % STORED_LEVELS == 0 and self._nodes.pop(node, None) != computed:
                self._finding.complain(f"node {node.level}/{node.position} is missing or does not match its entries")
        root = self._roots.get(frontier.size)
        if root is not None and root != frontier.root:
            self._finding.complain(f"checkpoint {frontier.size} has another root hash than the log")
