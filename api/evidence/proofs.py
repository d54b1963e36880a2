"""
Proofs: time-stamp and log proof of a sealed package, added to its files in every copy that leaves the site.

The vault holds a package as the node made it and never changes it; its time-stamp and its place in the log come from
the store. The checkpoint is the first that covers the package, so the proof never changes once it exists.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from api.contract.evidence.package import (
    CHECKPOINT,
    CHECKPOINT_SIGNATURE,
    CHECKPOINT_TIME_STAMP,
    LOG_CERTIFICATE,
    LOG_PROOF,
    TIME_STAMP,
    TSA_CERTIFICATE,
)
from api.contract.trust.checkpoint import make_log_proof
from api.contract.trust.stamp import sha256_hex
from api.state import ApiState
from api.store.evidence.stamps import find_stamp
from api.store.evidence.tlog import inclusion_path, log_index_of


def proofs_of(state: ApiState, sums_sha256: str) -> dict[str, bytes]:
    """Return the files that prove a package beyond its own signature, by name; empty before any exist."""
    with state.database.reading() as session:
        stamp = find_stamp(session, sums_sha256)
        index = log_index_of(session, sums_sha256)
    certificates = [] if stamp is None else [stamp.certificates_pem]
    proofs = {} if stamp is None else {TIME_STAMP: stamp.answer}
    signed = None if index is None else state.provers.checkpoints.covering(index)
    if signed is not None and index is not None:
        size = signed.checkpoint.size
        with state.database.reading() as session:
            path = inclusion_path(session, index, size)
            checkpoint_stamp = find_stamp(session, sha256_hex(signed.text))
        proofs |= {
            LOG_PROOF: make_log_proof(state.provers.checkpoints.log_id, index, signed.checkpoint, path).to_bytes(),
            CHECKPOINT: signed.text,
            CHECKPOINT_SIGNATURE: signed.signature,
            LOG_CERTIFICATE: signed.certificate_pem.encode(),
        }
        if checkpoint_stamp is not None:
            proofs[CHECKPOINT_TIME_STAMP] = checkpoint_stamp.answer
            certificates.append(checkpoint_stamp.certificates_pem)
    if certificates:
        proofs[TSA_CERTIFICATE] = "".join(dict.fromkeys(certificates)).encode()
    return proofs


@contextlib.contextmanager
def proven_folder(
    state: ApiState, sums_sha256: str, name: str, proofs: Mapping[str, bytes] | None = None
) -> Iterator[Path]:
    """
    Yield a package with its proofs as a local folder called `name`; see `api.evidence.vault.Vault.folder`.

    `proofs` are those of `proofs_of`, where they have been read already.
    """
    found = proofs_of(state, sums_sha256) if proofs is None else proofs
    with state.vault.folder(sums_sha256, name) as folder:
        for file, data in found.items():
            (folder / file).unlink(missing_ok=True)  # it would be a link into the vault
            (folder / file).write_bytes(data)
        yield folder
