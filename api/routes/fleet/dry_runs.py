"""Dry runs: draft zones tried on what a camera has just seen or on an uploaded clip, with nothing filed."""

import os
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, BinaryIO, cast

import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field, JsonValue, ValidationError
from starlette.concurrency import run_in_threadpool

from api.contract.dry_run import MOST_LEADS, RUN_ID_PATTERN, DryRunReport, DryRunSource
from api.contract.wire.camera import CameraDocument
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CAMERA_ID_PATTERN
from api.contract.wire.zone import Zones
from api.evidence.upload import receive_clip
from api.fleet.dry_runs import DryRun, call_off, clip_path, find_run, picture_of, place_order
from api.people.auth import Admin, AnyWorker, caller_name
from api.problems import Problem
from api.state import ApiState, State
from api.store.cameras import get_camera
from api.store.faults import UnknownRecord

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/cameras/{camera_id}/dry-runs", tags=["zones"])

CameraIdPath = Annotated[str, Path(pattern=CAMERA_ID_PATTERN)]
RunIdPath = Annotated[str, Path(pattern=RUN_ID_PATTERN)]

CHUNK_BYTES = 1024**2


class Draft(Wire):
    """What is to be tried: the part ``draft`` of the form."""

    zones: Zones
    source: DryRunSource = Field(
        description="recent: the pictures in the worker's ring; hour: boxes and readings of the last hour; upload: the "
        "part clip"
    )


class DryRunView(BaseModel):
    """A dry run: what was asked for and how far it is. It is kept for an hour after its last word."""

    id: str
    camera_id: str
    source: DryRunSource
    zones: Zones
    max_s: float = Field(description="seconds of the clip that are looked at")
    timeout_s: float = Field(description="seconds that it may take")
    report: DryRunReport


_POST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["draft"],
                    "properties": {
                        "draft": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "`{zones, source}`: all zones of the camera as drafted, and `recent` for "
                            "what the worker's ring holds of it, `hour` for boxes and readings of the last hour, or "
                            "`upload` for the part clip",
                        },
                        "clip": {"type": "string", "format": "binary", "description": "video file, for `upload`"},
                    },
                }
            }
        },
    }
}


@router.post("", status_code=202, openapi_extra=_POST_BODY)
async def start_dry_run(
    camera_id: CameraIdPath, request: Request, admin: Admin, state: State, response: Response
) -> DryRunView:
    """
    Try draft zones: the worker runs its analyser and rules over the clip, at the lowest priority, and files nothing.

    413: the clip is larger than ``PLUMEWATCH_DRY_RUN_MAX_BYTES``; 422: zones or form make no sense, with where and why;
    409 ``camera-not-watched``: no worker has recent pictures of it; 409 ``dry-run-busy``: the worker runs another one;
    503 ``no-worker``. The report says whether the clip is a video.
    """
    settings = state.settings
    camera = await run_in_threadpool(_registered, state, camera_id)
    async with receive_clip(request, settings.data_dir, settings.dry_run_max_bytes) as upload:
        draft = _draft(upload.draft)
        if (draft.source is DryRunSource.UPLOAD) != (upload.clip is not None):
            expected = "the part clip" if draft.source is DryRunSource.UPLOAD else "no part clip"
            raise Problem(422, "invalid-input", f"source {draft.source.value} goes with {expected}")
        run = await place_order(state, camera, draft.zones, draft.source, upload.clip)
        log.info(
            "dry run ordered", camera=camera_id, source=draft.source.value, bytes=upload.size, by=caller_name(admin)
        )
    response.headers["Location"] = f"/v1/cameras/{camera_id}/dry-runs/{run.order.id}"
    return _shown(run)


@router.get("/{run_id}")
async def get_dry_run(camera_id: CameraIdPath, run_id: RunIdPath, _: Admin, state: State) -> DryRunView:
    """Show how far a dry run is and the leads that would have been made so far."""
    return _shown(await find_run(state, camera_id, run_id))


@router.delete("/{run_id}", status_code=204)
async def delete_dry_run(camera_id: CameraIdPath, run_id: RunIdPath, _: Admin, state: State) -> None:
    """Cancel a dry run, or delete its result; its uploaded clip is deleted at once."""
    await call_off(state, await find_run(state, camera_id, run_id))


@router.get(
    "/{run_id}/pictures/{number}.jpg",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "the lead's peak, without boxes"}},
)
async def get_dry_run_picture(
    camera_id: CameraIdPath,
    run_id: RunIdPath,
    number: Annotated[int, Path(ge=0, lt=MOST_LEADS)],
    _: Admin,
    state: State,
) -> Response:
    """Return the picture of a lead's peak; boxes and zones are in the report, in shares and pixels of it."""
    jpeg = await picture_of(state, await find_run(state, camera_id, run_id), number)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/{run_id}/clip", response_class=FileResponse)
async def get_dry_run_clip(camera_id: CameraIdPath, run_id: RunIdPath, _: AnyWorker, state: State) -> StreamingResponse:
    """Send the uploaded clip to the worker, once: it is removed here before its first byte is sent."""
    run = await find_run(state, camera_id, run_id)
    try:
        clip = await run_in_threadpool(_taken, clip_path(state, run.order.id))
    except FileNotFoundError:
        raise Problem(404, "not-found", "no clip waits for this dry run") from None
    size = str(os.fstat(clip.fileno()).st_size)
    return StreamingResponse(_chunks(clip), media_type="application/octet-stream", headers={"Content-Length": size})


def _taken(path: FilePath) -> BinaryIO:
    """Return the clip, open and already unlinked; raise `FileNotFoundError` if it was fetched before."""
    clip = path.open("rb")
    try:
        path.unlink()
    except FileNotFoundError:
        clip.close()
        raise
    return clip


def _chunks(clip: BinaryIO) -> Iterator[bytes]:
    with clip:
        while chunk := clip.read(CHUNK_BYTES):
            yield chunk


def _registered(state: ApiState, camera_id: str) -> CameraDocument:
    with state.database.reading() as session:
        try:
            return get_camera(session, camera_id)
        except UnknownRecord as fault:
            raise Problem(404, "not-found", f"no camera {camera_id} is registered") from fault


def _draft(document: bytes) -> Draft:
    try:
        return Draft.model_validate_json(document)
    except ValidationError as fault:
        errors: list[JsonValue] = [
            {"where": ".".join(str(part) for part in error["loc"]) or "draft", "reason": str(error["msg"])}
            for error in fault.errors(include_url=False, include_input=False)
        ]
        first = cast("dict[str, str]", errors[0])
        detail = f"{first['where']}: {first['reason']}"
        raise Problem(422, "invalid-input", detail, extensions={"errors": errors}) from None


def _shown(run: DryRun) -> DryRunView:
    order = run.order
    return DryRunView(
        id=order.id,
        camera_id=order.camera.id,
        source=order.source,
        zones=order.zones,
        max_s=order.max_s,
        timeout_s=order.timeout_s,
        report=run.report,
    )
