"""Zones: the polygons in a camera's picture, read by everybody logged in, drawn by admins."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.trust.stamp import canonical_json, sha256_hex
from api.contract.wire.camera import CameraDocument
from api.contract.wire.document import Wire
from api.contract.wire.event import EventType
from api.contract.wire.identifiers import CAMERA_ID_PATTERN
from api.contract.wire.zone import Zones
from api.fleet.cameras import tell_workers
from api.people.auth import Admin, Reader, caller_name
from api.problems import Problem
from api.register.owners import UnknownOwnerError, check_owners
from api.state import State
from api.store.cameras import get_camera, put_camera
from api.store.events import append_event
from api.store.faults import UnknownRecord

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/cameras/{camera_id}/zones", tags=["zones"])

CameraIdPath = Annotated[str, Path(pattern=CAMERA_ID_PATTERN)]


class ZoneList(Wire):
    """All zones of a camera: what is not in the list is taken away."""

    zones: Zones


class ZoneView(BaseModel):
    """The zones of a camera; the ``ETag`` of the answer is what a change must name in ``If-Match``."""

    camera_id: str
    zones: Zones
    configured_by: str = Field(
        description="node in whose configuration file they stand and are to be changed; empty: they are changed here"
    )


@router.get("")
async def get_zones(camera_id: CameraIdPath, _: Reader, state: State, response: Response) -> ZoneView:
    """Show the zones of a registered camera."""

    def read() -> CameraDocument:
        with state.database.reading() as session:
            return _registered(session, camera_id)

    return _shown(await run_in_threadpool(read), response)


@router.put("")
async def put_zones(
    camera_id: CameraIdPath,
    body: ZoneList,
    admin: Admin,
    state: State,
    response: Response,
    if_match: Annotated[str | None, Header(description="the ETag of the zones as you read them")] = None,
) -> ZoneView:
    """
    Replace the zones of a camera; its worker applies them within a second, without losing the stream.

    409 ``zones-in-a-file``: they are in the configuration of the node that watches it; 412: changed by another request;
    422 ``unknown-owner``: the code of a new owner is not in the register, once that holds enterprises; 428: no
    ``If-Match``. The event ``camera.changed`` records the author and the zones.
    """
    if if_match is None:
        raise Problem(428, "if-match-required", "the header If-Match must hold the ETag of the zones")

    def write() -> CameraDocument:
        with state.database.writing() as session:
            known = _registered(session, camera_id)
            if known.configured_by:
                detail = f"the zones of {camera_id} stand in the configuration of node {known.configured_by}"
                raise Problem(409, "zones-in-a-file", detail, extensions={"configured_by": known.configured_by})
            if if_match != etag_of(known.zones):
                raise Problem(412, "stale-version", f"the zones of {camera_id} have changed since you read them")
            try:
                check_owners(session, body.zones, known.zones)
            except UnknownOwnerError as fault:
                raise Problem(422, "unknown-owner", str(fault)) from fault
            changed = known.model_copy(update={"zones": body.zones})
            put_camera(session, changed, utc_now())
            append_event(
                session,
                EventType.CAMERA_CHANGED,
                camera_id,
                utc_now(),
                data={"by": caller_name(admin), "change": "zones", "zones": _text(body.zones)},
            )
            return changed

    changed = await run_in_threadpool(write)
    log.info("zones changed", camera=camera_id, zones=len(changed.zones), by=caller_name(admin))
    await tell_workers(state)
    return _shown(changed, response)


def _registered(session: Session, camera_id: str) -> CameraDocument:
    try:
        return get_camera(session, camera_id)
    except UnknownRecord as fault:
        raise Problem(404, "not-found", f"no camera {camera_id} is registered") from fault


def etag_of(zones: Zones) -> str:
    """Return a tag that identifies a version of a camera's zones."""
    return f'"{sha256_hex(_text(zones).encode())[:16]}"'


def _text(zones: Zones) -> str:
    return canonical_json([zone.model_dump(mode="json") for zone in zones]).decode()


def _shown(camera: CameraDocument, response: Response) -> ZoneView:
    response.headers["ETag"] = etag_of(camera.zones)
    return ZoneView(camera_id=camera.id, zones=camera.zones, configured_by=camera.configured_by)
