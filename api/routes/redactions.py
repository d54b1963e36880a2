"""Redactions: copies of pictures that may be shown to others, with what must not be seen covered."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.auth import AnyOperator, caller_name
from api.clock import utc_now
from api.contract.schema import Sha256, UtcTime
from api.contract.stamp import FILE_NAME_PATTERN
from api.custody import filed_lead, note, package_sizes
from api.problems import Problem
from api.report.pictures import UnreadablePicture, covered
from api.routes.leads import LeadIdPath
from api.state import State
from api.store.custody import CustodyAction
from api.store.faults import UnknownRecord
from api.store.redactions import PictureBox, Redaction, add_redaction, redacted_picture, redactions_of

router = APIRouter(prefix="/v1/evidence/{lead_id}/redactions", tags=["evidence"])

LARGEST_BYTES = 32 * 1024 * 1024


class RedactionRequest(BaseModel):
    """What is to be covered."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(pattern=f"^{FILE_NAME_PATTERN}$", description="a JPEG or PNG of the package")
    boxes: list[PictureBox] = Field(
        min_length=1, max_length=200, description="[left, top, right, bottom] in pixels of the original"
    )
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


class RedactionDocument(BaseModel):
    """A redacted copy and the original it was made of."""

    file: str
    source_sha256: str = Field(description="of the original, which stays as it is in the package")
    sha256: str = Field(description="of the copy")
    address: str
    boxes: list[PictureBox]
    reason: str
    by: str
    at: UtcTime
    log_index: int = Field(description="leaf of the log that ties both hashes together")


class RedactionList(BaseModel):
    """A lead's redacted copies, oldest first."""

    lead_id: str
    redactions: list[RedactionDocument]


@router.get("")
def get_redactions(lead_id: LeadIdPath, _: AnyOperator, state: State) -> RedactionList:
    """List the redacted copies of a lead's pictures."""
    filed_lead(state, lead_id)
    with state.database.reading() as session:
        found = redactions_of(session, lead_id)
    return RedactionList(lead_id=lead_id, redactions=[_document(one) for one in found])


@router.post("", status_code=201)
async def post_redaction(
    lead_id: LeadIdPath, body: RedactionRequest, operator: AnyOperator, state: State, request: Request
) -> RedactionDocument:
    """
    Make a copy of a picture with boxes covered by one flat colour; the original stays sealed in the package.

    What is covered is what the caller drew: nothing is found by itself. The leaf of the log names both hashes.
    """

    def make() -> Redaction:
        sums = filed_lead(state, lead_id)[1]
        size = package_sizes(state, sums).get(body.file)
        if size is None:
            raise Problem(404, "not-found", f"the package of lead {lead_id} holds no file {body.file}")
        if size > LARGEST_BYTES:
            raise Problem(413, "too-large", f"{body.file} has {size} bytes, more than the {LARGEST_BYTES} allowed")
        original = b"".join(state.vault.read(sums, body.file, 0, size))
        try:
            copy = covered(original, body.boxes)
        except UnreadablePicture as fault:
            raise Problem(422, "invalid-input", f"file: {fault}") from fault
        note(state, request, operator, lead_id, body.file, CustodyAction.REDACTED)
        with state.database.writing() as session:
            return add_redaction(
                session,
                lead_id=lead_id,
                file=body.file,
                source_sha256=hashlib.sha256(original).hexdigest(),
                sha256=hashlib.sha256(copy).hexdigest(),
                boxes=body.boxes,
                reason=body.reason,
                by=caller_name(operator),
                at=utc_now(),
                picture=copy,
            )

    return _document(await run_in_threadpool(make))


@router.get("/{sha256}.jpg", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def get_redaction(
    lead_id: LeadIdPath, sha256: Annotated[Sha256, Path()], operator: AnyOperator, state: State, request: Request
) -> Response:
    """Show a redacted copy."""
    with state.database.reading() as session:
        try:
            picture = redacted_picture(session, lead_id, sha256)
        except UnknownRecord as fault:
            raise Problem(404, "not-found", str(fault)) from fault
    note(state, request, operator, lead_id, f"redactions/{sha256}.jpg", CustodyAction.VIEWED)
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{sha256}"'}
    return Response(picture, headers=headers, media_type="image/jpeg")


def _document(one: Redaction) -> RedactionDocument:
    return RedactionDocument(
        file=one.file,
        source_sha256=one.source_sha256,
        sha256=one.sha256,
        address=f"/v1/evidence/{one.lead_id}/redactions/{one.sha256}.jpg",
        boxes=list(one.boxes),
        reason=one.reason,
        by=one.by,
        at=one.at,
        log_index=one.log_index,
    )
