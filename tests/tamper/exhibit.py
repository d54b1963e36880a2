"""A small package with everything that proves one: signed by a bureau's node, stamped, in a log with a checkpoint."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from api.contract.evidence.manifest import SITE_PROOFS
from api.contract.evidence.package import (
    CHECKPOINT,
    CHECKPOINT_SIGNATURE,
    CHECKPOINT_TIME_STAMP,
    LOG_CERTIFICATE,
    LOG_PROOF,
    SIGNATURE,
    SUMS,
    TIME_STAMP,
    TSA_CERTIFICATE,
    Signer,
)
from api.contract.trust.checkpoint import Checkpoint, log_id_of, make_log_proof
from api.contract.trust.merkle import inclusion_spans
from api.contract.trust.stamp import parse_sha256_list, sha256_hex, sha256_list
from api.trust.authority import SiteAuthority, ask
from api.trust.keys import SiteKeys, open_site_keys
from tests.api.contract.sample import LEAD_ID, START, TestSigner, make_package
from tests.api.contract.trust.test_merkle import Tree

MADE = START + timedelta(seconds=21)
STAMPED = MADE + timedelta(seconds=5)
CHECKED = MADE + timedelta(minutes=30)
LEAF = 5
LONGEST_SIGNATURE = 72
"""Bytes of the longest ECDSA signature by a P-256 key, DER."""


@dataclass
class Exhibit:
    """The package's folder, and all that is needed to prove it, or to forge it."""

    folder: Path
    authority: TestSigner
    node: TestSigner
    keys: SiteKeys
    roots: bytes
    leaves: list[bytes]
    sm2: Signer | None = None

    @property
    def sums(self) -> bytes:
        """The hash list as it lies there."""
        return (self.folder / SUMS).read_bytes()

    def read(self, name: str) -> bytes:
        """Return a file."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Replace or add a file."""
        (self.folder / name).write_bytes(data)

    def replace(self, name: str, old: bytes, new: bytes) -> None:
        """Change part of a file, which must be there."""
        data = self.read(name)
        assert old in data
        self.write(name, data.replace(old, new, 1))

    def flip(self, name: str, place: int) -> None:
        """Change a bit of a file."""
        data = bytearray(self.read(name))
        data[place] ^= 1
        self.write(name, bytes(data))

    def relist(self) -> None:
        """Rewrite the hash list to what lies there."""
        names = [name for name in parse_sha256_list(self.sums) if (self.folder / name).exists()]
        self.write(SUMS, sha256_list({name: sha256_hex(self.read(name)) for name in names}))

    def sign(self, by: TestSigner | None = None) -> None:
        """Rewrite the list and sign it: as the node itself, or as somebody with a certificate of his own."""
        if by is not None:
            self.write("node.crt", by.certificate_pem)
        self.relist()
        self.write(SIGNATURE, (by or self.node).sign(self.sums))

    def sign_at_length(self) -> None:
        """Sign list and checkpoint by the longest signatures that there are: openssl reads no further than those."""
        for name, signed, key in (
            (SIGNATURE, SUMS, self.node.key),
            (CHECKPOINT_SIGNATURE, CHECKPOINT, self.keys.log.key),
        ):
            while len(self.read(name)) < LONGEST_SIGNATURE:
                self.write(name, key.sign(self.read(signed), ec.ECDSA(hashes.SHA256())))

    def enrol(self, node: TestSigner) -> None:
        """Have the package be of another node, whose certificate the verifier holds among his roots."""
        self.node = node
        self.roots += node.certificate_pem

    def seal(self) -> None:
        """Sign what lies there, and have it stamped and logged: what a node with an honest key and site can do."""
        self.sign()
        self.stamp()
        self.log()

    def stamp(self, keys: SiteKeys | None = None, at: datetime = STAMPED, of: bytes | None = None) -> None:
        """Put a time-stamp beside the package."""
        keys = keys or self.keys
        self.write(TIME_STAMP, stamp_of(keys, self.sums if of is None else of, at))
        self.write(TSA_CERTIFICATE, keys.stamps.pem)

    def log(self, keys: SiteKeys | None = None, at: datetime = CHECKED, leaves: list[bytes] | None = None) -> None:
        """Put the proof of a log beside the package: `leaves`, with the package's list at its place."""
        keys = keys or self.keys
        leaves = [*self.leaves[:LEAF], self.sums, *self.leaves[LEAF + 1 :]] if leaves is None else leaves
        tree, log_id = Tree(leaves), log_id_of(keys.root.certificate)
        checkpoint = Checkpoint(f"plumewatch/{log_id[:16]}", len(leaves), tree.root(len(leaves)))
        path = [
            Tree(leaves[span.start : span.end]).root(span.end - span.start)
            for span in inclusion_spans(LEAF, len(leaves))
        ]
        self.write(LOG_PROOF, make_log_proof(log_id, LEAF, checkpoint, path).to_bytes())
        self.write(CHECKPOINT, checkpoint.to_bytes())
        self.write(CHECKPOINT_SIGNATURE, keys.log.sign(checkpoint.to_bytes()))
        self.write(CHECKPOINT_TIME_STAMP, stamp_of(keys, checkpoint.to_bytes(), at))
        self.write(LOG_CERTIFICATE, keys.log.pem)

    def copy(self, parent: Path) -> "Exhibit":
        """Return a copy to be tampered with, its folder in `parent`."""
        folder = parent / self.folder.name
        shutil.copytree(self.folder, folder)
        return Exhibit(folder, self.authority, self.node, self.keys, self.roots, self.leaves, self.sm2)


def stamp_of(keys: SiteKeys, data: bytes, at: datetime) -> bytes:
    """Return the answer of a site's authority whose clock shows `at`."""
    clock = lambda: at  # noqa: E731
    return ask(
        SiteAuthority(keys.stamps, clock), bytes.fromhex(sha256_hex(data)), roots=[keys.root.certificate], clock=clock
    ).answer


def make_exhibit(parent: Path, lead_id: str = LEAD_ID, sm2: Signer | None = None) -> Exhibit:
    """Return the package of `lead_id` with all its proofs, in ``parent/lead_id``; signed by `sm2` too."""
    authority = TestSigner("Bureau CA", ca=True)
    node = TestSigner("worker-01", issuer=authority)
    keys = open_site_keys(parent / "authority", "", START - timedelta(days=1))
    folder = make_package(parent, node, lead_id, sm2=sm2, site_proofs=list(SITE_PROOFS)).folder
    roots = authority.certificate_pem + keys.root.certificate.public_bytes(Encoding.PEM)
    leaves = [f"leaf {number}".encode() for number in range(9)]
    exhibit = Exhibit(folder, authority, node, keys, roots, leaves, sm2)
    exhibit.stamp()
    exhibit.log()
    return exhibit
