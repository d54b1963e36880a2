"""Append-only log: its checkpoints and proofs, and the state of time-stamps."""

import base64
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.clock import utc_now
from api.contract.trust.stamp import sha256_hex
from api.contract.wire.moment import UtcTime
from api.fleet.cameras import redacted
from api.people.auth import Reader
from api.problems import Problem
from api.state import State
from api.store.evidence.checkpoints import newest_checkpoint
from api.store.evidence.stamps import find_stamp, stamp_queue
from api.store.evidence.tlog import consistency_path, inclusion_path, log_nodes, log_root
from api.store.faults import StoreError

router = APIRouter(prefix="/v1", tags=["proofs"])


class StampStatus(BaseModel):
    """State of the site's time-stamps."""

    authority: str = Field(description="address of the outside authority, without credentials; empty: the site's own")
    waiting: int = Field(description="stamps asked for and not given yet")
    oldest: UtcTime | None = Field(description="since when the oldest of them is waited for")
    late: bool = Field(description="an alarm: it has been waited for longer than 24 hours")
    fault: str = Field(description="why the newest attempt failed; empty where none did")


@router.get("/time-stamps")
def get_stamp_status(_: Reader, state: State) -> StampStatus:
    """Return whether packages and checkpoints wait for their time-stamps, and why."""
    with state.database.reading() as session:
        queue = stamp_queue(session)
    return StampStatus(
        authority=redacted(state.settings.tsa_url),
        waiting=queue.waiting,
        oldest=queue.oldest,
        late=queue.late(utc_now()),
        fault=queue.fault,
    )


class CheckpointDocument(BaseModel):
    """A signed checkpoint of the site's log, with all that is needed to check it later and elsewhere."""

    log_id: str
    origin: str
    size: int
    root: str = Field(description="hex")
    at: UtcTime
    text: str = Field(description="checkpoint.txt: what is signed and stamped")
    signature: str = Field(description="checkpoint.sig in base64: ECDSA P-256 with SHA-256, DER")
    certificate_pem: str
    time_stamp: str | None = Field(description="checkpoint.tsr in base64 (RFC 3161); null while it is waited for")
    time_stamp_certificates_pem: str | None


class InclusionDocument(BaseModel):
    """The proof that a leaf is in the tree of a size (RFC 6962, 2.1.1); hashes as hex."""

    index: int
    size: int
    leaf_hash: str
    root: str
    path: list[str]


class ConsistencyDocument(BaseModel):
    """The proof that one tree begins with another (RFC 6962, 2.1.2); hashes as hex."""

    first: int
    second: int
    first_root: str
    second_root: str
    path: list[str]


Index = Annotated[int, Query(ge=0, description="of the leaf, from 0")]
Size = Annotated[int, Query(ge=1, description="leaves of the tree")]


@router.get("/tlog/checkpoint")
def get_checkpoint(_: Reader, state: State) -> CheckpointDocument:
    """Return the newest checkpoint of the log; 404 before the first."""
    with state.database.reading() as session:
        signed = newest_checkpoint(session)
        stamp = None if signed is None else find_stamp(session, sha256_hex(signed.text))
    if signed is None:
        raise Problem(404, "not-found", "the log has no checkpoint yet")
    return CheckpointDocument(
        log_id=state.provers.checkpoints.log_id,
        origin=signed.checkpoint.origin,
        size=signed.checkpoint.size,
        root=signed.checkpoint.root.hex(),
        at=signed.at,
        text=signed.text.decode(),
        signature=base64.b64encode(signed.signature).decode(),
        certificate_pem=signed.certificate_pem,
        time_stamp=None if stamp is None else base64.b64encode(stamp.answer).decode(),
        time_stamp_certificates_pem=None if stamp is None else stamp.certificates_pem,
    )


@router.get("/tlog/proof")
def get_inclusion(_: Reader, state: State, index: Index, size: Size) -> InclusionDocument:
    """Prove that a leaf is in the log's tree of a size; 422 where the log never had that."""
    with state.database.reading() as session:
        try:
            path = inclusion_path(session, index, size)
            root = log_root(session, size)
            (leaf,) = log_nodes(session, 0, index, 1)
        except (ValueError, StoreError) as fault:
            raise Problem(422, "no-such-tree", str(fault)) from fault
    return InclusionDocument(
        index=index, size=size, leaf_hash=leaf.hex(), root=root.hex(), path=[piece.hex() for piece in path]
    )


@router.get("/tlog/consistency")
def get_consistency(_: Reader, state: State, first: Size, second: Size) -> ConsistencyDocument:
    """Prove that the log's tree of `second` leaves begins with that of `first`; 422 where the log never had these."""
    with state.database.reading() as session:
        try:
            path = consistency_path(session, first, second)
            roots = log_root(session, first), log_root(session, second)
        except (ValueError, StoreError) as fault:
            raise Problem(422, "no-such-tree", str(fault)) from fault
    return ConsistencyDocument(
        first=first,
        second=second,
        first_root=roots[0].hex(),
        second_root=roots[1].hex(),
        path=[piece.hex() for piece in path],
    )
