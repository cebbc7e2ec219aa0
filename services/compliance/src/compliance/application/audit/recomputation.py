"""The tree, recomputed from the leaves and compared with what the database and the anchors say of it."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from compliance.application.audit.anchors import Anchor
from compliance.application.audit.findings import Finding, Kind
from compliance.application.ports.audit import Chunk, StoredLog
from compliance.domain.merkle import EMPTY_ROOT, HASH_BYTES, STORED_LEVELS, Frontier, Node, Span, cover, leaf_hash, node_hash

# Stands for the hash of an entry that is missing, so that the entries after it keep their positions.
_MISSING = bytes(HASH_BYTES)
# An entry further away does not belong to the log.
GAP_ENTRIES_MAX = 1_000_000


class Recomputation:
    def __init__(self, finding: Finding, log: StoredLog, anchors: Sequence[Anchor]) -> None:
        self.frontier = Frontier()
        self._finding = finding
        self._log = log
        self._nodes = dict(log.nodes)
        self._related = 0
        self._anchors: dict[int, list[Anchor]] = defaultdict(list)
        for anchor in anchors:
            self._anchors[anchor.size].append(anchor)
        # The leaf hashes since the last stored node, and the first entries of the nodes that do not match.
        self._block: list[bytes] = []
        self._bad_blocks: list[Span] = []
        # The largest size that agrees with a signed root, and the smallest after it that does not.
        self._agreed = 0
        self._refuted: int | None = None
        self._compare(EMPTY_ROOT)

    def add(self, chunk: Chunk) -> None:
        frontier, complain = self.frontier, self._finding.complain
        for sequence, leaf, stored in zip(chunk.sequences, chunk.leaves, chunk.hashes, strict=True):
            if sequence != frontier.size and not self._pass_over(sequence):
                continue
            hash_ = leaf_hash(leaf)
            if stored != hash_:
                complain(Kind.ENTRY, f"entry {sequence} does not match its hash")
            self._append(hash_)
        self._related += chunk.related
        for sequence in chunk.unreadable:
            complain(Kind.ENTRY, f"the leaf of entry {sequence} is not an entry of this log")
        for sequence in chunk.misfiled:
            complain(Kind.COLUMNS, f"the columns or related subjects of entry {sequence} do not match its leaf")

    def finish(self, *, with_columns: bool) -> None:
        finding, size = self._finding, self.frontier.size
        finding.size, finding.root_hash = size, self.frontier.root
        self._compare_head()
        if with_columns and self._log.related > self._related:
            extra = self._log.related - self._related
            finding.complain(Kind.COLUMNS, f"{extra} rows of related subjects are not in the leaves")
        for node in self._nodes:
            finding.complain(Kind.NODE, f"node {node.level}/{node.position} belongs to no entries of the log")
        for anchor in (anchor for larger in sorted(self._anchors) if larger > size for anchor in self._anchors[larger]):
            finding.complain(Kind.ROLLBACK, f"{anchor.label} is larger than the log, which has {size} entries")
        if self._refuted is not None:
            finding.complain(Kind.RANGE, self._narrowed(Span(self._agreed, self._refuted)))

    def _pass_over(self, sequence: int) -> bool:
        """Fill the gap before an entry. Return False for an entry that is outside the log."""
        start = self.frontier.size
        if not start < sequence <= start + GAP_ENTRIES_MAX:
            self._finding.complain(Kind.ENTRY, f"entry {sequence} is outside the log")
            return False
        self._finding.complain(Kind.ENTRY, f"{_entries(Span(start, sequence))} missing")
        for _ in range(sequence - start):
            self._append(_MISSING)
        return True

    def _append(self, hash_: bytes) -> None:
        self._block.append(hash_)
        for node, computed in self.frontier.append(hash_):
            if node.level % STORED_LEVELS == 0:
                self._compare_node(node, computed)
        if self.frontier.size in self._anchors:
            self._compare(self.frontier.root)

    def _compare_node(self, node: Node, computed: bytes) -> None:
        stored = self._nodes.pop(node, None)
        if stored != computed:
            span = Span(node.position << node.level, node.position + 1 << node.level)
            name = f"node {node.level}/{node.position}"
            problem = f"{name} is missing or does not match its entries, {span.start} to {span.end - 1}"
            if node.level == STORED_LEVELS:
                # Only for the first: a search takes a second.
                if stored and not self._bad_blocks and (pair := _exchanged(self._block, stored)):
                    problem += f"; it matches if entries {span.start + pair[0]} and {span.start + pair[1]} are exchanged"
                self._bad_blocks.append(span)
            self._finding.complain(Kind.NODE, problem)
        if node.level == STORED_LEVELS:
            self._block.clear()

    def _compare(self, root: bytes) -> None:
        size, anchors = self.frontier.size, self._anchors.get(self.frontier.size, ())
        for anchor in anchors:
            if anchor.root_hash != root:
                self._finding.complain(Kind.ROOT, f"{anchor.label} has another root hash than the log")
        if self._refuted is None and anchors:
            if any(anchor.root_hash == root for anchor in anchors):
                self._agreed = size
            else:
                self._refuted = size

    def _compare_head(self) -> None:
        head, frontier = self._log.head, self.frontier
        if head is None:
            self._finding.complain(Kind.HEAD, f"the head has no row, but there are {frontier.size} entries")
        elif head.size != frontier.size:
            self._finding.complain(Kind.HEAD, f"the head has {head.size} entries, but there are {frontier.size}")
        elif list(head.hashes) != frontier.hashes:
            where = self._where(head.hashes)
            self._finding.complain(Kind.HEAD, f"the head has {head.size} entries and other hashes than the leaves{where}")

    def _where(self, hashes: Sequence[bytes]) -> str:
        nodes = cover(Span(0, self.frontier.size))
        if len(hashes) != len(nodes):
            return f": {len(hashes)} hashes instead of {len(nodes)}"
        pairs = zip(nodes, hashes, self.frontier.hashes, strict=True)
        wrong = next(node for node, stored, computed in pairs if stored != computed)
        return f", at first for entries {wrong.position << wrong.level} to {(wrong.position + 1 << wrong.level) - 1}"

    def _narrowed(self, span: Span) -> str:
        said = f"the first change is among entries {span.start} to {span.end - 1}: "
        said += f"checkpoint {span.start} agrees with the log" if span.start else "no smaller checkpoint was compared"
        for block in self._bad_blocks:
            within = Span(max(span.start, block.start), min(span.end, block.end))
            if within.start < within.end:
                return f"{said}; by their node among entries {within.start} to {within.end - 1}"
        return said


def _entries(span: Span) -> str:
    return f"entry {span.start} is" if span.end - span.start == 1 else f"entries {span.start} to {span.end - 1} are"


def _exchanged(leaves: Sequence[bytes], root: bytes) -> tuple[int, int] | None:
    """Find two leaves that give the root of their subtree if they are exchanged."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(*below[at : at + 2]) for at in range(0, len(below), 2)])
    for pair in combinations(range(len(leaves)), 2):
        if _root_with(levels, {pair[0]: leaves[pair[1]], pair[1]: leaves[pair[0]]}) == root:
            return pair
    return None


def _root_with(levels: Sequence[Sequence[bytes]], changed: dict[int, bytes]) -> bytes:
    """Compute the root of a subtree in which some leaves have other hashes."""
    for level in levels[:-1]:
        parents = {position >> 1 for position in changed}
        changed = {
            parent: node_hash(changed.get(2 * parent, level[2 * parent]), changed.get(2 * parent + 1, level[2 * parent + 1]))
            for parent in parents
        }
    return changed[0]
