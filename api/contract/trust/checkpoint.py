"""
Checkpoints of the site's log, and the proof that a package is in it: ``checkpoint.txt``, ``tlog.json`` (domain.md 5).

A checkpoint is three lines: the log's name, which ends with the first 16 digits of its id, its size, and the base64 of
its root; the signature covers exactly these bytes. ``tlog.json`` says which leaf a package's ``SHA256SUMS`` is, and the
path from there to the checkpoint's root.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import Field, ValidationError

from api.contract.fields import Count
from api.contract.trust.merkle import HASH_BYTES, inclusion_holds, leaf_hash
from api.contract.trust.stamp import UNREADABLE, StampError, canonical_json, check_chain, is_authority, sha256_hex
from api.contract.trust.timestamp import bears_site_policy
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256

ORIGIN_PATTERN = r"[A-Za-z0-9._/+-]{1,100}"
_FORM = re.compile(rf"({ORIGIN_PATTERN})\n(0|[1-9][0-9]{{0,15}})\n([A-Za-z0-9+/]{{43}}=)\n")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log `origin` was at one size; ``root`` has 32 bytes."""

    origin: str
    size: int
    root: bytes

    def to_bytes(self) -> bytes:
        """Return ``checkpoint.txt``."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def parse_checkpoint(data: bytes) -> Checkpoint:
    """Return the checkpoint in a ``checkpoint.txt``; raise `StampError` unless it has the exact form."""
    match = _FORM.fullmatch(data.decode("ascii", "replace"))
    if match is None:
        raise StampError("checkpoint.txt is not three lines: origin, size, base64 of the root")
    origin, size, root = match.groups()
    try:
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except binascii.Error as error:
        raise StampError("checkpoint.txt has no base64 in its third line") from error
    if checkpoint.to_bytes() != data:
        raise StampError("checkpoint.txt is not in its one form")
    return checkpoint


class LogProof(Wire):
    """``tlog.json``: that a package is the leaf `index` of a tree of `tree_size`; hashes as hex, leaf to root."""

    log_id: Sha256
    index: Count
    tree_size: Count = Field(ge=1)
    root: Sha256
    path: tuple[Sha256, ...] = Field(max_length=64)

    def to_bytes(self) -> bytes:
        """Return the proof as RFC 8785 canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))


def log_id_of(root: x509.Certificate) -> str:
    """Return the id of a site's log: hex SHA-256 of the public key (DER, SubjectPublicKeyInfo) of the site's `root`."""
    return sha256_hex(root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def make_log_proof(log_id: str, index: int, checkpoint: Checkpoint, path: Sequence[bytes]) -> LogProof:
    """Return the proof that the leaf `index` is in a checkpoint's tree."""
    return LogProof(
        log_id=log_id,
        index=index,
        tree_size=checkpoint.size,
        root=checkpoint.root.hex(),
        path=tuple(piece.hex() for piece in path),
    )


def parse_log_proof(data: bytes) -> LogProof:
    """Return the proof in a ``tlog.json``; raise `StampError` unless it is complete and canonical."""
    try:
        proof = LogProof.model_validate(json.loads(data))
    except (ValidationError, ValueError, RecursionError) as error:
        raise StampError("tlog.json is not a proof {log_id, index, tree_size, root, path}") from error
    if proof.to_bytes() != data:
        raise StampError("tlog.json is not RFC 8785 canonical JSON")
    return proof


def check_log_proof(proof: LogProof, checkpoint: Checkpoint, sums: bytes) -> None:
    """Raise `StampError` unless `proof` shows that the package with the hash list `sums` is in `checkpoint`'s tree."""
    if not checkpoint.origin.endswith(f"/{proof.log_id[:16]}"):
        raise StampError("tlog.json is about another log than checkpoint.txt")
    if (proof.tree_size, bytes.fromhex(proof.root)) != (checkpoint.size, checkpoint.root):
        raise StampError("tlog.json is about another tree than checkpoint.txt")
    path = [bytes.fromhex(piece) for piece in proof.path]
    if len(checkpoint.root) != HASH_BYTES or not inclusion_holds(
        leaf_hash(sums), proof.index, proof.tree_size, path, checkpoint.root
    ):
        raise StampError("tlog.json does not prove that this package is in the log")


def check_log_certificate(
    certificate: x509.Certificate, log_id: str, roots: Sequence[x509.Certificate], at: datetime
) -> None:
    """
    Raise `StampError` unless `certificate` may sign the checkpoints of the log `log_id`.

    Of the verifier's `roots` the one counts whose key gives the log its id, and that is a site's root: neither a node
    nor the authority that issued its certificate counts for a log. `at` is aware UTC.
    """
    try:
        own = [each for each in roots if is_authority(each) and bears_site_policy(each) and log_id_of(each) == log_id]
    except UNREADABLE as error:
        raise StampError(f"a certificate of the chain cannot be read: {error}") from error
    if not own:
        raise StampError("the root of the log that tlog.json names is not among the given roots")
    check_chain(certificate, own, at)
