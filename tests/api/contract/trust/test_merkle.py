"""Merkle trees: the vectors of RFC 6962's tests, and proofs that hold for exactly what they prove."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.trust.merkle import (
    EMPTY_ROOT,
    Span,
    Subtree,
    consistency_holds,
    consistency_spans,
    finished_by,
    inclusion_holds,
    inclusion_spans,
    leaf_hash,
    node_hash,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EDGE = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"


class Tree:
    """A log's subtrees in memory, grown leaf by leaf as the store grows them."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.hashes: dict[Subtree, bytes] = {}
        for index, data in enumerate(leaves):
            found = leaf_hash(data)
            self.hashes[Subtree(0, index)] = found
            for left in finished_by(index):
                found = node_hash(self.hashes[left], found)
                self.hashes[Subtree(left.level + 1, index >> (left.level + 1))] = found

    def root(self, size: int) -> bytes:
        return Span(0, size).root(self.hashes)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return [span.root(self.hashes) for span in inclusion_spans(index, size)]

    def consistency(self, first: int, second: int) -> list[bytes]:
        return [span.root(self.hashes) for span in consistency_spans(first, second)]


def mth(leaves: list[bytes]) -> bytes:
    """The tree hash exactly as RFC 6962, 2.1 writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(mth(leaves[:split]), mth(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_vectors(size: int) -> None:
    """The published roots of the eight test leaves, the empty tree first."""
    assert Tree(LEAVES).root(size).hex() == ROOTS[size]


def test_proofs_are_those_of_the_vectors() -> None:
    """The published inclusion path of leaf 5 in 8, and the consistency of 6 with 8."""
    tree = Tree(LEAVES)
    assert [piece.hex() for piece in tree.inclusion(5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        EDGE,
        ROOTS[4],
    ]
    assert [piece.hex() for piece in tree.consistency(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        EDGE,
        ROOTS[4],
    ]


def test_all_proofs_of_small_trees_hold_and_no_others() -> None:
    """Up to size 8 each leaf and each earlier size is proven, and no proof holds for another leaf or size."""
    tree = Tree(LEAVES)
    for size in range(1, 9):
        root = tree.root(size)
        for index in range(size):
            path = tree.inclusion(index, size)
            claimed = [
                (other, data)
                for other in range(size)
                for data in range(8)
                if inclusion_holds(leaf_hash(LEAVES[data]), other, size, path, root)
            ]
            assert claimed == [(index, index)]
        for first in range(size + 1):
            path = tree.consistency(first, size)
            held = [old for old in range(size + 1) if consistency_holds(first, size, tree.root(old), root, path)]
            assert held == [first]


@given(st.integers(1, 300), st.data())
def test_trees_of_any_size_agree_with_the_definition(size: int, data: st.DataObject) -> None:
    """Root, inclusion and consistency of a tree of any size are those of RFC 6962's own recursion."""
    leaves = [number.to_bytes(3, "big") for number in range(size)]
    tree = Tree(leaves)
    assert tree.root(size) == mth(leaves)
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(0, size))
    assert inclusion_holds(leaf_hash(leaves[index]), index, size, tree.inclusion(index, size), mth(leaves))
    assert consistency_holds(first, size, mth(leaves[:first]), mth(leaves), tree.consistency(first, size))


@given(st.integers(2, 200), st.data())
def test_a_changed_proof_does_not_hold(size: int, data: st.DataObject) -> None:
    """One flipped bit, a piece too many, a piece too few, another index or size: none is a proof."""
    leaves = [number.to_bytes(3, "big") for number in range(size)]
    tree = Tree(leaves)
    index = data.draw(st.integers(0, size - 1))
    path, root, leaf = tree.inclusion(index, size), tree.root(size), leaf_hash(leaves[index])
    piece, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(path[piece])
    flipped[bit // 8] ^= 1 << bit % 8
    assert not inclusion_holds(leaf, index, size, [*path[:piece], bytes(flipped), *path[piece + 1 :]], root)
    assert not inclusion_holds(leaf, index, size, [*path, root], root)
    assert not inclusion_holds(leaf, index, size, path[:-1], root)
    assert not inclusion_holds(leaf, size, size, path, root)
    assert not inclusion_holds(leaf, -1, size, path, root)
    first = data.draw(st.integers(1, size - 1))
    proof, old = tree.consistency(first, size), tree.root(first)
    assert not consistency_holds(first, size, old, root, [*proof, root])
    assert not consistency_holds(first, size, old, root, proof[:-1])
    assert not consistency_holds(first, size, leaf, node_hash(root, leaf), proof)
    assert not consistency_holds(size, first, root, old, proof)


def test_what_cannot_be_proven_is_not_asked_for() -> None:
    """A leaf that is not there, and a beginning that is longer than the tree, are refused with both numbers."""
    with pytest.raises(ValueError, match="a tree of 3 leaves has no leaf 3"):
        inclusion_spans(3, 3)
    with pytest.raises(ValueError, match="a tree of 3 leaves cannot begin with one of 4"):
        consistency_spans(4, 3)
    assert Span(0, 0).root({}) == EMPTY_ROOT
    assert consistency_spans(0, 3) == []
