"""Redactions of clips: ordered by an operator, made by a worker, kept beside the original."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.contract.evidence.manifest import FileName
from api.contract.evidence.redaction import (
    MOST_REGIONS,
    REDACTION_ID_PATTERN,
    ClipMask,
    ClipRegion,
    RedactionReport,
    RedactionState,
)
from api.contract.fields import Reason
from api.contract.trust.stamp import parse_sha256_list
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256
from api.evidence.clip_redactions import ClipRedaction, call_off, find_order, keep_copy, place_order
from api.evidence.custody import filed_lead, note, package_sizes
from api.evidence.upload import receive_body
from api.people.auth import AnyOperator, AnyWorker, caller_name
from api.problems import Problem, too_large
from api.routes.evidence.redactions import RedactionDocument, copy_of, redaction_document
from api.routes.leads import LeadIdPath
from api.state import ApiState, State
from api.store.cameras import get_camera
from api.store.evidence.custody import CustodyAction
from api.store.faults import UnknownRecord

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/evidence/{lead_id}/redactions", tags=["evidence"])

RedactionIdPath = Annotated[str, Path(pattern=REDACTION_ID_PATTERN)]
CLIP_SUFFIXES = (".mp4", ".ts")
LARGEST_BYTES = 512 * 1024 * 1024
"""Of an original; packages are no larger by default."""
MASK = "mask"
"""Kind of the zones that are never analysed, such as windows of homes."""


class ClipRedactionRequest(Wire):
    """What is to be covered in a clip."""

    file: FileName = Field("clip.mp4", description="a clip of the package")
    regions: list[ClipRegion] = Field(default_factory=list, max_length=MOST_REGIONS)
    masks: bool = Field(default=True, description="cover the camera's mask zones throughout, too")
    reason: Reason = Field(max_length=500)


class ClipRedactionView(BaseModel):
    """A clip that is being covered. How far it is can be asked for an hour; the copy stays in the list."""

    id: str
    lead_id: str
    file: str
    source_sha256: str
    regions: list[ClipRegion]
    masks: list[str] = Field(description="names of the mask zones that are covered throughout")
    reason: str
    report: RedactionReport


@router.post("/clips", status_code=202)
async def post_clip_redaction(
    lead_id: LeadIdPath,
    body: ClipRedactionRequest,
    operator: AnyOperator,
    state: State,
    request: Request,
    response: Response,
) -> ClipRedactionView:
    """
    Order a copy of a clip with regions covered by one flat colour; the original stays sealed in the package.

    A worker makes it at the lowest priority. The copy has the original's pictures at the original's times, encoded
    anew, and nothing else of it: no sound, no metadata. 413: the clip has more bytes than can be covered; 409
    ``redactions-busy``; 503 ``no-worker``.
    """

    def look() -> tuple[str, list[ClipMask]]:
        lead, sums = filed_lead(state, lead_id)
        sizes = package_sizes(state, sums)
        listed = parse_sha256_list(b"".join(state.vault.read(sums, "SHA256SUMS", 0, sizes["SHA256SUMS"])))
        if body.file not in sizes or body.file not in listed:
            raise Problem(404, "not-found", f"the package of lead {lead_id} holds no file {body.file}")
        if not body.file.lower().endswith(CLIP_SUFFIXES):
            raise Problem(422, "invalid-input", f"file: {body.file} is no clip; pictures are covered one by one")
        if sizes[body.file] > LARGEST_BYTES:
            raise too_large(body.file, LARGEST_BYTES)
        masks = _mask_zones(state, lead.camera.id) if body.masks else []
        if not body.regions and not masks:
            raise Problem(422, "invalid-input", "regions: nothing is to be covered; the camera has no mask zone")
        note(state, request, operator, lead_id, body.file, CustodyAction.REDACTED)
        return listed[body.file], masks

    source_sha256, masks = await run_in_threadpool(look)
    made = await place_order(
        state,
        lead_id=lead_id,
        file=body.file,
        source_sha256=source_sha256,
        regions=body.regions,
        masks=masks,
        reason=body.reason,
        by=caller_name(operator),
    )
    log.info("clip redaction ordered", lead=lead_id, regions=len(body.regions), masks=len(masks), by=operator.username)
    response.headers["Location"] = f"/v1/evidence/{lead_id}/redactions/clips/{made.order.id}"
    return _shown(made)


@router.get("/clips/{redaction_id}")
async def get_clip_redaction(
    lead_id: LeadIdPath, redaction_id: RedactionIdPath, _: AnyOperator, state: State
) -> ClipRedactionView:
    """Show how far the copy of a clip is."""
    return _shown(await find_order(state, lead_id, redaction_id))


@router.delete("/clips/{redaction_id}", status_code=204)
async def delete_clip_redaction(
    lead_id: LeadIdPath, redaction_id: RedactionIdPath, _: AnyOperator, state: State
) -> None:
    """Call off the covering of a clip; a copy that is kept already stays."""
    await call_off(state, await find_order(state, lead_id, redaction_id))


@router.get("/clips/{redaction_id}/original", response_class=StreamingResponse)
async def get_clip_original(
    lead_id: LeadIdPath, redaction_id: RedactionIdPath, _: AnyWorker, state: State
) -> StreamingResponse:
    """Hand the clip to the worker that covers it."""
    order = (await find_order(state, lead_id, redaction_id)).order

    def read() -> StreamingResponse:
        sums = filed_lead(state, lead_id)[1]
        size = package_sizes(state, sums).get(order.file, 0)
        headers = {"Content-Length": str(size)}
        return StreamingResponse(
            state.vault.read(sums, order.file, 0, size), headers=headers, media_type="application/octet-stream"
        )

    return await run_in_threadpool(read)


_PUT_BODY = {
    "requestBody": {"required": True, "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.put("/clips/{redaction_id}/copy", openapi_extra=_PUT_BODY)
async def put_clip_copy(
    lead_id: LeadIdPath, redaction_id: RedactionIdPath, worker: AnyWorker, state: State, request: Request
) -> RedactionDocument:
    """
    Take the copy that a worker made, and log what ties it to its original; the same again is the one that is there.

    404 once it is not wanted any more, 409 where it was not begun, 413 beyond ``PLUMEWATCH_REDACTION_MAX_BYTES``, 422
    for what is no MP4.
    """
    found = await find_order(state, lead_id, redaction_id)
    if found.report.state is not RedactionState.RUNNING:
        raise Problem(409, "not-running", f"the redaction {redaction_id} is {found.report.state.value}")
    async with receive_body(request, state.settings.data_dir, found.order.max_bytes, "copy") as copy:
        kept = await run_in_threadpool(keep_copy, state, found.order, caller_name(worker), copy.path)
    return redaction_document(kept)


@router.get(
    "/{sha256}.mp4",
    response_class=Response,
    responses={200: {"content": {"video/mp4": {}}}, 206: {"description": "the byte range asked for"}},
)
def get_redacted_clip(
    lead_id: LeadIdPath, sha256: Annotated[Sha256, Path()], operator: AnyOperator, state: State, request: Request
) -> Response:
    """Play a redacted copy of a clip, whole or a byte range of it (``Range``, ``If-Range``, ``If-None-Match``)."""
    return copy_of(state, request, operator, lead_id, sha256, "video/mp4")


def _mask_zones(state: ApiState, camera_id: str) -> list[ClipMask]:
    with state.database.reading() as session:
        try:
            zones = get_camera(session, camera_id).zones
        except UnknownRecord:
            return []  # the camera was removed, and its zones with it
    return [ClipMask(name=zone.name, polygon=zone.polygon) for zone in zones if zone.kind == MASK]


def _shown(redaction: ClipRedaction) -> ClipRedactionView:
    order = redaction.order
    return ClipRedactionView(
        id=order.id,
        lead_id=order.lead_id,
        file=order.file,
        source_sha256=order.source_sha256,
        regions=order.regions,
        masks=[mask.name for mask in order.masks],
        reason=order.reason,
        report=redaction.report,
    )
