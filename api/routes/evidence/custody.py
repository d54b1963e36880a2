"""Custody: accesses to a package, each entry with its proof from the append-only log."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.contract.wire.moment import UtcTime
from api.evidence.custody import filed_lead
from api.people.auth import AnyOperator
from api.problems import Problem
from api.routes.leads import LeadIdPath
from api.state import State
from api.store.columns import SERIAL_MOST
from api.store.evidence.access import access_proof, logged_until
from api.store.evidence.custody import CustodyAction, custody_of
from api.store.faults import UnknownRecord

router = APIRouter(prefix="/v1/evidence/{lead_id}", tags=["evidence"])


class CustodyDocument(BaseModel):
    """One access to the evidence."""

    seq: int = Field(description="number of the entry among all")
    file: str = Field(description="empty for the whole package")
    action: CustodyAction
    who: str = Field(description="operator:name or worker:name")
    address: str
    at: UtcTime
    result: str
    logged: bool = Field(description="true once a leaf of the append-only log holds it; within the hour")


class CustodyList(BaseModel):
    """The accesses to a package, in order."""

    lead_id: str
    sums_sha256: str
    entries: list[CustodyDocument]


class CustodyProof(BaseModel):
    """
    The proof that an entry is in the log.

    ``entry`` hashes (RFC 6962 leaf) with ``path`` to ``root``, which stands in the log's leaf ``log_index``;
    ``GET /v1/tlog/proof`` proves that leaf.
    """

    entry: str = Field(description="the entry as canonical JSON, exactly the bytes that are hashed")
    index: int = Field(description="of the entry in its batch")
    size: int = Field(description="entries in the batch")
    path: list[str] = Field(description="hex, leaf to root")
    root: str = Field(description="of the batch, hex")
    log_index: int = Field(description="leaf of the log that holds the root")


@router.get("/custody")
def get_custody(lead_id: LeadIdPath, _: AnyOperator, state: State) -> CustodyList:
    """List who filed, viewed, played, exported, printed or verified the package, and when."""
    sums = filed_lead(state, lead_id)[1]
    with state.database.reading() as session:
        entries = custody_of(session, lead_id)
        until = logged_until(session)
    return CustodyList(
        lead_id=lead_id,
        sums_sha256=sums,
        entries=[
            CustodyDocument(
                seq=entry.seq,
                file=entry.file,
                action=entry.action,
                who=entry.who,
                address=entry.address,
                at=entry.at,
                result=entry.result,
                logged=entry.seq <= until,
            )
            for entry in entries
        ],
    )


@router.get("/custody/{seq}")
def get_custody_proof(
    lead_id: LeadIdPath, seq: Annotated[int, Path(ge=1, le=SERIAL_MOST)], _: AnyOperator, state: State
) -> CustodyProof:
    """Prove that an entry of the lead's custody is in the log; 404 while it is not yet."""
    with state.database.reading() as session:
        try:
            proof = access_proof(session, lead_id, seq)
        except UnknownRecord as fault:
            raise Problem(404, "not-found", str(fault)) from fault
    return CustodyProof(
        entry=proof.leaf.decode(),
        index=proof.index,
        size=proof.size,
        path=[piece.hex() for piece in proof.path],
        root=proof.root,
        log_index=proof.log_index,
    )
