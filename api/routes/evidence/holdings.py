"""Holdings: which leads hold a file in their package, among its copies or their attachments, asked by its hash."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.contract.wire.identifiers import LeadId, Sha256
from api.people.auth import AnyOperator
from api.state import State
from api.store.evidence.attachments import FOLDER
from api.store.search import Holding, find_holdings

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])


class HoldingDocument(BaseModel):
    """A file of a filed package."""

    lead_id: LeadId
    name: str = Field(
        description="the file's name in the package; SHA256SUMS for the list itself, redactions/... for a copy of one, "
        "attachments/... for an attachment of the lead"
    )
    sums_sha256: str = Field(description="hash of the package's SHA256SUMS")
    address: str = Field(description="where the file is")


class HoldingList(BaseModel):
    """All files with one hash, newest lead first."""

    sha256: str
    holdings: list[HoldingDocument]


@router.get("")
def get_holdings(
    _: AnyOperator,
    state: State,
    sha256: Annotated[Sha256, Query(description="of a file, as sha256sum prints it, or of a package's SHA256SUMS")],
) -> HoldingList:
    """List the packages with a file of this hash ("which lead is this clip of?"); empty if there are none."""
    with state.database.reading() as session:
        found = find_holdings(session, sha256)
    holdings = [
        HoldingDocument(
            lead_id=one.lead_id,
            name=one.name,
            sums_sha256=one.sums_sha256,
            address=_address(one),
        )
        for one in found
    ]
    return HoldingList(sha256=sha256, holdings=holdings)


def _address(one: Holding) -> str:
    if one.name.startswith(f"{FOLDER}/"):
        return f"/v1/leads/{one.lead_id}/{one.name}"
    folder = "" if one.name.startswith("redactions/") else "files/"
    return f"/v1/evidence/{one.lead_id}/{folder}{one.name}"
