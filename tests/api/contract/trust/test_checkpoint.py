"""Checkpoints and log proofs have one form, and prove what they say or are refused."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.trust.checkpoint import (
    Checkpoint,
    check_log_proof,
    make_log_proof,
    parse_checkpoint,
    parse_log_proof,
)
from api.contract.trust.merkle import EMPTY_ROOT, Frontier, leaf_hash
from api.contract.trust.stamp import StampError
from tests.api.contract.trust.test_merkle import LEAVES, ROOTS, Tree

LOG_ID = "ab" * 32
ORIGIN = f"plumewatch/{LOG_ID[:16]}"
CHECKPOINT = Checkpoint(ORIGIN, 8, bytes.fromhex(ROOTS[8]))
PATH = [
    bytes.fromhex(piece)
    for piece in (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    )
]


def test_a_checkpoint_is_three_lines() -> None:
    """Origin, size and root, and nothing else, come back as they were."""
    text = CHECKPOINT.to_bytes()
    assert text.decode().split("\n")[:2] == [ORIGIN, "8"]
    assert parse_checkpoint(text) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a\n1\n",
        CHECKPOINT.to_bytes()[:-1],
        CHECKPOINT.to_bytes() + b"\n",
        CHECKPOINT.to_bytes().replace(b"\n8\n", b"\n08\n"),
        CHECKPOINT.to_bytes().replace(b"\n8\n", b"\n-8\n"),
        CHECKPOINT.to_bytes().replace(b"=\n", b"\n"),
        CHECKPOINT.to_bytes().replace(b"\n", b"\r\n"),
    ],
)
def test_any_other_form_is_refused(text: bytes) -> None:
    """The signature covers bytes: two texts for one checkpoint cannot be."""
    with pytest.raises(StampError, match=r"checkpoint\.txt"):
        parse_checkpoint(text)


def test_a_proof_is_canonical_json() -> None:
    """It comes back as it was; other members, other order or spaces are refused."""
    proof = make_log_proof(LOG_ID, 5, CHECKPOINT, PATH)
    assert parse_log_proof(proof.to_bytes()) == proof
    for wrong in (b"", b"{}", proof.to_bytes() + b"\n", proof.to_bytes().replace(b",", b", "), b"[" * 9000):
        with pytest.raises(StampError, match=r"tlog\.json"):
            parse_log_proof(wrong)


def test_a_proof_holds_for_its_leaf_alone() -> None:
    """The published path proves leaf 5 of 8; for another leaf, index, tree or log it is refused."""
    proof = make_log_proof(LOG_ID, 5, CHECKPOINT, PATH)
    check_log_proof(proof, CHECKPOINT, LEAVES[5])
    other = Checkpoint(ORIGIN, 8, hashlib.sha256(b"x").digest())
    for wrong, checkpoint, leaf in (
        (proof, CHECKPOINT, LEAVES[4]),
        (proof.model_copy(update={"index": 4}), CHECKPOINT, LEAVES[5]),
        (proof.model_copy(update={"path": proof.path[:2]}), CHECKPOINT, LEAVES[5]),
        (proof, other, LEAVES[5]),
        (proof.model_copy(update={"log_id": "cd" * 32}), CHECKPOINT, LEAVES[5]),
    ):
        with pytest.raises(StampError):
            check_log_proof(wrong, checkpoint, leaf)


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_a_frontier_has_the_root_of_every_size(leaves: list[bytes]) -> None:
    """Leaf by leaf its root is the whole tree's, from the empty one on."""
    frontier, tree = Frontier(), Tree(leaves)
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(leaves, 1):
        frontier.append(leaf_hash(leaf))
        assert (frontier.size, frontier.root()) == (size, tree.root(size))
