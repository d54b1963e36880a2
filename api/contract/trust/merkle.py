"""
Merkle trees of RFC 6962: hashes, which complete subtrees a root or proof is made of, and the checks of proofs.

A leaf hashes to ``SHA256(0x00 || data)``, a node to ``SHA256(0x01 || left || right)``; a tree of *n* leaves splits at
the largest power of two below *n*. Complete subtrees never change, so a log keeps their hashes and makes any root or
proof from O(log n) of them; what is not complete is folded from those.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Subtree:
    """The complete subtree over the ``2**level`` leaves from ``position * 2**level`` on."""

    level: int
    position: int


@dataclass(frozen=True, slots=True)
class Span:
    """The leaves from ``start`` up to, not including, ``end``: a subtree of some tree, complete or not."""

    start: int
    end: int

    def subtrees(self) -> Iterator[Subtree]:
        """Yield the complete subtrees that the span is made of, left to right."""
        start = self.start
        while start < self.end:
            level = (self.end - start).bit_length() - 1
            yield Subtree(level, start >> level)
            start += 1 << level

    def root(self, hashes: Mapping[Subtree, bytes]) -> bytes:
        """Return the span's hash from those of its `subtrees`."""
        pieces = [hashes[subtree] for subtree in self.subtrees()]
        if not pieces:
            return EMPTY_ROOT
        root = pieces.pop()
        while pieces:
            root = node_hash(pieces.pop(), root)
        return root


class Frontier:
    """A growing tree that keeps only the complete subtrees at its edge, to hash a whole log again."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf by its hash; return the hashes of the subtrees that it completes, itself first, by level."""
        made = [leaf]
        for _ in finished_by(self.size):
            made.append(node_hash(self._edge.pop(), made[-1]))
        self._edge.append(made[-1])
        self.size += 1
        return made

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        if not self._edge:
            return EMPTY_ROOT
        *others, root = self._edge
        for piece in reversed(others):
            root = node_hash(piece, root)
        return root


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds `data`."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def finished_by(index: int) -> Iterator[Subtree]:
    """Yield the left halves of the subtrees that the leaf `index` completes, the smallest first."""
    level = 0
    while index >> level & 1:
        yield Subtree(level, (index >> level) - 1)
        level += 1


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans whose hashes are the inclusion path of leaf `index` in the tree of `size`, leaf to root."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(start, middle))
            start = middle
    return path[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Return the spans whose hashes prove that the tree of `second` leaves begins with the tree of `first`."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves cannot begin with one of {first}")
    if first == 0:
        return []
    start, end = 0, second
    path = []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(start, middle))
            start = middle
    if start:  # the tree of `first` is a subtree by itself only where it is the whole left edge
        path.append(Span(start, end))
    return path[::-1]


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_holds(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """True when `path` proves that the leaf with the hash `leaf` is number `index` of the tree of `size` and `root`."""
    if not 0 <= index < size:
        return False
    number, last = index, size - 1
    found = leaf
    for piece in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = node_hash(piece, found)
            while number and not number & 1:
                number >>= 1
                last >>= 1
        else:
            found = node_hash(found, piece)
        number >>= 1
        last >>= 1
    return last == 0 and found == root


def consistency_holds(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """True when `path` proves that the tree of `second` leaves begins with the tree of `first`."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return first_root == second_root and not path
    if first == 0:
        return first_root == EMPTY_ROOT and not path
    pieces = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not pieces:
        return False
    number, last = first - 1, second - 1
    while number & 1:
        number >>= 1
        last >>= 1
    old = new = pieces[0]
    for piece in pieces[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old = node_hash(piece, old)
            new = node_hash(piece, new)
            while number and not number & 1:
                number >>= 1
                last >>= 1
        else:
            new = node_hash(new, piece)
        number >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root
