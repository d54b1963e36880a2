"""Redactions: copies that may be shown to others, with what must not be seen covered; pictures are covered here."""

import hashlib
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.clock import utc_now
from api.contract.evidence.manifest import FileName
from api.contract.evidence.redaction import ClipRegion, PictureBox
from api.contract.fields import Reason
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime
from api.evidence.custody import filed_lead, note, package_sizes
from api.evidence.ranges import served
from api.people.auth import AnyOperator, caller_name
from api.problems import Problem
from api.report.pictures import UnreadablePicture, covered
from api.routes.leads import LeadIdPath
from api.state import ApiState, State
from api.store.evidence.custody import CustodyAction
from api.store.evidence.redactions import Covering, Redaction, add_redaction, copy_pieces, find_redaction, redactions_of
from api.store.faults import UnknownRecord
from api.store.people import Operator

router = APIRouter(prefix="/v1/evidence/{lead_id}/redactions", tags=["evidence"])

LARGEST_BYTES = 32 * 1024 * 1024


class RedactionRequest(Wire):
    """What is to be covered."""

    file: FileName = Field(description="a JPEG or PNG of the package")
    boxes: list[PictureBox] = Field(
        min_length=1, max_length=200, description="[left, top, right, bottom] in pixels of the original"
    )
    reason: Reason = Field(max_length=500)


class RedactionDocument(BaseModel):
    """A redacted copy and the original it was made of."""

    file: str
    media_type: str = Field(description="image/jpeg, or video/mp4 for a clip")
    source_sha256: str = Field(description="of the original, which stays as it is in the package")
    sha256: str = Field(description="of the copy")
    size: int = Field(description="bytes of the copy")
    address: str
    boxes: list[PictureBox] = Field(description="of a picture")
    regions: list[ClipRegion] = Field(description="of a clip")
    masks: list[str] = Field(description="names of the camera's mask zones that are covered throughout the clip")
    reason: str
    by: str
    made_by: str = Field(description="the worker that covered a clip; empty for pictures, which the API covers")
    at: UtcTime
    log_index: int = Field(description="leaf of the log that ties both hashes together")


class RedactionList(BaseModel):
    """A lead's redacted copies, oldest first."""

    lead_id: str
    redactions: list[RedactionDocument]


@router.get("")
def get_redactions(lead_id: LeadIdPath, _: AnyOperator, state: State) -> RedactionList:
    """List the redacted copies of a lead's pictures and clip."""
    filed_lead(state, lead_id)
    with state.database.reading() as session:
        found = redactions_of(session, lead_id)
    return RedactionList(lead_id=lead_id, redactions=[redaction_document(one) for one in found])


@router.post("", status_code=201)
async def post_redaction(
    lead_id: LeadIdPath, body: RedactionRequest, operator: AnyOperator, state: State, request: Request
) -> RedactionDocument:
    """
    Make a copy of a picture with boxes covered by one flat colour; the original stays sealed in the package.

    Only the regions that the caller drew are covered: nothing is detected. The leaf of the log names both hashes.
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
                covering=Covering(body.reason, caller_name(operator), boxes=tuple(body.boxes)),
                at=utc_now(),
                copy=copy,
            )

    return redaction_document(await run_in_threadpool(make))


@router.get("/{sha256}.jpg", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def get_redaction(
    lead_id: LeadIdPath, sha256: Annotated[Sha256, Path()], operator: AnyOperator, state: State, request: Request
) -> Response:
    """Show a redacted copy of a picture."""
    return copy_of(state, request, operator, lead_id, sha256, "image/jpeg")


def copy_of(
    state: ApiState, request: Request, operator: Operator, lead_id: str, sha256: str, media_type: str
) -> Response:
    """Return a redacted copy, whole or the bytes asked for; answer 404 for one that is not there or of another type."""
    with state.database.reading() as session:
        try:
            found = find_redaction(session, lead_id, sha256)
        except UnknownRecord as fault:
            raise Problem(404, "not-found", str(fault)) from fault
    if found.media_type != media_type:
        raise Problem(404, "not-found", f"the redacted copy {sha256} is {found.media_type}")
    disposition = f'inline; filename="{lead_id}_redacted_{found.name[-20:]}"'
    answer = served(request, found.size, f'"{sha256}"', disposition)
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Response(status_code=answer.status, headers=answer.headers)
    action = CustodyAction.PLAYED if media_type == "video/mp4" else CustodyAction.VIEWED
    note(state, request, operator, lead_id, f"redactions/{found.name}", action)
    pieces = copy_pieces(state.database, found, answer.start, answer.end)
    return StreamingResponse(pieces, answer.status, answer.headers, media_type)


def redaction_document(one: Redaction) -> RedactionDocument:
    """Return the document of a copy."""
    return RedactionDocument(
        file=one.file,
        media_type=one.media_type,
        source_sha256=one.source_sha256,
        sha256=one.sha256,
        size=one.size,
        address=f"/v1/evidence/{one.lead_id}/redactions/{one.name}",
        boxes=list(one.covering.boxes),
        regions=list(one.covering.regions),
        masks=[mask.name for mask in one.covering.masks],
        reason=one.covering.reason,
        by=one.covering.by,
        made_by=one.covering.made_by,
        at=one.at,
        log_index=one.log_index,
    )
