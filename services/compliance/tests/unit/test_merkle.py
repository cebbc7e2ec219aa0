"""The tree of RFC 6962, compared with known test vectors and with a naive form of its definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.domain import merkle
from compliance.domain.merkle import Frontier, Node, Span

# The test vectors of the certificate-transparency project.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


# The proofs: (leaf counted from 1, size) and (first size, second size), with the first eight digits of each hash.
KNOWN_HASHES = {
    hash_[:8]: bytes.fromhex(hash_)
    for hash_ in (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    )
}
INCLUSION = {
    (1, 1): [],
    (1, 8): ["96a296d2", "5f083f0a", "6b47aaf2"],
    (6, 8): ["bc1a0643", "ca854ea1", "d37ee418"],
    (3, 3): ["fac54203"],
    (2, 5): ["6e340b9c", "5f083f0a", "bc1a0643"],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): ["96a296d2", "5f083f0a", "6b47aaf2"],
    (6, 8): ["0ebc5d34", "ca854ea1", "d37ee418"],
    (2, 5): ["5f083f0a", "bc1a0643"],
}


def naive_root(hashes: list[bytes]) -> bytes:
    """MTH exactly as RFC 6962 defines it."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(naive_root(hashes[:k]), naive_root(hashes[k:]))


class Tree:
    """Every complete subtree of a tree of `size` leaves, as the log would store them."""

    def __init__(self, leaves: int | list[bytes]) -> None:
        datas = leaves if isinstance(leaves, list) else [str(n).encode() for n in range(leaves)]
        self.hashes = [merkle.leaf_hash(data) for data in datas]
        self.frontier = Frontier()
        self.nodes: dict[Node, bytes] = {}
        for n, leaf in enumerate(self.hashes):
            self.nodes[Node(0, n)] = leaf
            self.nodes.update(self.frontier.append(leaf))

    def proof(self, spans: list[Span]) -> list[bytes]:
        return [merkle.hash_of(span, self.nodes) for span in spans]


def test_known_roots() -> None:
    frontier = Frontier()
    assert frontier.root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier.append(merkle.leaf_hash(leaf))
        assert frontier.root.hex() == root


@pytest.mark.parametrize(("leaf", "size"), INCLUSION)
def test_known_inclusion_proofs(leaf: int, size: int) -> None:
    proof = Tree(LEAVES).proof(merkle.inclusion_spans(leaf - 1, size))

    assert proof == [KNOWN_HASHES[begin] for begin in INCLUSION[leaf, size]]


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_known_consistency_proofs(first: int, second: int) -> None:
    proof = Tree(LEAVES).proof(merkle.consistency_spans(first, second))

    assert proof == [KNOWN_HASHES[begin] for begin in CONSISTENCY[first, second]]


def test_every_size_up_to_300_has_the_defined_root() -> None:
    tree = Tree(300)
    frontier = Frontier()
    for size, leaf in enumerate(tree.hashes, 1):
        frontier.append(leaf)
        assert frontier.root == naive_root(tree.hashes[:size])
        assert merkle.hash_of(Span(0, size), tree.nodes) == frontier.root


def test_every_inclusion_proof_up_to_300_leads_to_its_root(roots: list[bytes]) -> None:
    tree = Tree(300)
    for size in range(1, 301):
        for index in range(size):
            proof = tree.proof(merkle.inclusion_spans(index, size))
            assert merkle.root_from_inclusion(index, size, tree.hashes[index], proof) == roots[size]


def test_every_consistency_proof_up_to_300_leads_to_both_roots(roots: list[bytes]) -> None:
    tree = Tree(300)
    for second in range(1, 301):
        for first in range(1, second + 1):
            proof = tree.proof(merkle.consistency_spans(first, second))
            assert merkle.roots_from_consistency(first, second, roots[first], proof) == (roots[first], roots[second])


@pytest.fixture(scope="module")
def roots() -> list[bytes]:
    hashes = Tree(300).hashes
    return [naive_root(hashes[:size]) for size in range(301)]


@given(st.integers(1, 2000), st.data())
def test_no_other_leaf_index_or_proof_leads_to_the_root(size: int, data: st.DataObject) -> None:
    tree = Tree(size)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.proof(merkle.inclusion_spans(index, size))
    root, leaf = tree.frontier.root, tree.hashes[index]
    assert merkle.root_from_inclusion(index, size, leaf, proof) == root
    assert merkle.root_from_inclusion(index, size, merkle.leaf_hash(b"other"), proof) != root
    assert merkle.root_from_inclusion(index, size, leaf, [*proof, leaf]) is None
    original = list(proof)
    if proof:
        assert merkle.root_from_inclusion(index, size, leaf, proof[:-1]) != root
        broken = data.draw(st.integers(0, len(proof) - 1))
        proof[broken] = with_a_bit_flipped(proof[broken], data)
        assert merkle.root_from_inclusion(index, size, leaf, proof) != root
    assert merkle.root_from_inclusion(index, size, with_a_bit_flipped(leaf, data), original) != root
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert merkle.root_from_inclusion(other, size, leaf, original) != root


@given(st.integers(2, 500), st.data())
def test_a_rewritten_history_is_not_consistent(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second - 1))
    tree = Tree(second)
    proof = tree.proof(merkle.consistency_spans(first, second))
    genuine = merkle.hash_of(Span(0, first), tree.nodes), tree.frontier.root

    assert merkle.roots_from_consistency(first, second, genuine[0], proof) == genuine
    rewritten = with_a_bit_flipped(genuine[0], data)
    assert merkle.roots_from_consistency(first, second, rewritten, proof) != (rewritten, genuine[1])
    broken = data.draw(st.integers(0, len(proof) - 1))
    flipped = [with_a_bit_flipped(hash_, data) if n == broken else hash_ for n, hash_ in enumerate(proof)]
    assert merkle.roots_from_consistency(first, second, genuine[0], flipped) != genuine
    assert merkle.roots_from_consistency(first, second, genuine[0], proof[:-1]) != genuine
    assert merkle.roots_from_consistency(first, second, genuine[0], [*proof, proof[0]]) is None


def with_a_bit_flipped(hash_: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, len(hash_) * 8 - 1))
    return (int.from_bytes(hash_) ^ 1 << bit).to_bytes(len(hash_))


def test_an_index_outside_the_tree_has_no_proof() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="not in a tree"):
            merkle.inclusion_spans(index, size)
    for first, second in ((0, 5), (6, 5)):
        with pytest.raises(ValueError, match="cannot be the beginning"):
            merkle.consistency_spans(first, second)
    assert merkle.root_from_inclusion(5, 5, LEAVES[0], []) is None
    assert merkle.roots_from_consistency(3, 5, LEAVES[0], []) is None
