"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1), computed on hashes only.

A tree over n leaves is covered by complete subtrees, one for each bit of n, widest first. `Frontier` holds only these, so
appending needs no tree in memory. Proofs list the complete subtrees that they need, and the caller looks them up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
# Inner nodes are stored at every eighth level: a proof reads a few hundred hashes, and there is one node per 256 entries.
STORED_LEVELS = 8


class Node(NamedTuple):
    """The complete subtree over leaves [position << level, (position + 1) << level); level 0 is a leaf's hash."""

    level: int
    position: int


class Span(NamedTuple):
    """The leaves [start, end), whose tree hash is part of a proof."""

    start: int
    end: int


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The right edge of a tree: its size, and the hashes of the complete subtrees that cover it, widest first."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add a leaf's hash. Return the subtrees that it completes, narrowest first, without the leaf itself."""
        index, level, grown = self.size, 0, leaf
        completed: list[tuple[Node, bytes]] = []
        while index & 1:
            grown = node_hash(self.hashes.pop(), grown)
            index, level = index >> 1, level + 1
            completed.append((Node(level, index), grown))
        self.hashes.append(grown)
        self.size += 1
        return completed

    @property
    def root(self) -> bytes:
        return fold(self.hashes)


def fold(hashes: Sequence[bytes]) -> bytes:
    """Combine the hashes of adjacent complete subtrees, widest first, into the hash of their common tree."""
    if not hashes:
        return EMPTY_ROOT
    combined = hashes[-1]
    for wider in reversed(hashes[:-1]):
        combined = node_hash(wider, combined)
    return combined


def cover(span: Span) -> list[Node]:
    """Split a span into complete subtrees, widest first. The span must start at the start of a subtree."""
    nodes = []
    start = span.start
    while start < span.end:
        level = (span.end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans whose hashes prove that leaf `index` is in the tree of `size` leaves, from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Return the spans whose hashes prove that the tree of `first` leaves is the beginning of the tree of `second`."""
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} leaves cannot be the beginning of one of {second}")
    spans: list[Span] = []
    start, end, whole = 0, second, True
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start, whole = middle, False
    if not whole:
        spans.append(Span(start, end))
    return spans[::-1]


def hash_of(span: Span, nodes: Mapping[Node, bytes]) -> bytes:
    """Compute a span's hash from its complete subtrees."""
    return fold([nodes[node] for node in cover(span)])


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Iterable[bytes]) -> bytes | None:
    """Compute the root from an inclusion proof (RFC 9162 section 2.1.3.2). Return None if its length is wrong."""
    if not 0 <= index < size:
        return None
    position, last, combined = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if position & 1 or position == last:
            combined = node_hash(sibling, combined)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            combined = node_hash(combined, sibling)
        position, last = position >> 1, last >> 1
    return combined if last == 0 else None


def roots_from_consistency(first: int, second: int, first_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Compute both roots from a consistency proof (RFC 9162 section 2.1.4.2). Return None if it is malformed."""
    if first == second:
        return None if proof else (first_root, first_root)
    if not 0 < first < second or not proof:
        return None
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return (old, new) if last == 0 else None


def _split(width: int) -> int:
    """Return the largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1
