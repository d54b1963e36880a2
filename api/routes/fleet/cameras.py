"""Cameras: registered by admins, reported on by workers, shown to everybody logged in."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.bus import snapshot_key
from api.contract.source import SourceError, checked_source, checked_stream
from api.contract.wire.camera import CameraDocument
from api.contract.wire.camera_health import CameraHealth
from api.contract.wire.event import EventType
from api.contract.wire.identifiers import CAMERA_ID_PATTERN
from api.fleet.broker import BusDown
from api.fleet.cameras import HIDDEN, all_health, health_of, redacted, redacted_camera, tell_workers
from api.people.auth import AnyOperator, Reader, Registrar, caller_name
from api.problems import Problem
from api.state import ApiState, State
from api.store.cameras import get_camera, list_cameras, put_camera, remove_camera
from api.store.events import append_event
from api.store.faults import UnknownRecord, UnreadableRecord
from api.store.people import Operator
from api.store.workers import Worker, nodes_of

router = APIRouter(prefix="/v1/cameras", tags=["cameras"])

CameraIdPath = Annotated[str, Path(pattern=CAMERA_ID_PATTERN)]


class CameraView(BaseModel):
    """A camera: its configuration, and its worker's newest report."""

    camera: CameraDocument
    health: CameraHealth | None = Field(description="null while no worker reports it, or the bus is away")
    registered: bool = Field(description="false for a camera that only a worker's own configuration names")


class CameraList(BaseModel):
    """Cameras by id: the registered ones and those that workers report."""

    cameras: list[CameraView]
    bus: bool = Field(description="false while the bus is away and no health is known")


@router.get("")
async def get_cameras(_: Reader, state: State) -> CameraList:
    """List the cameras, registered or reported, with their health."""
    registered = {camera.id: camera for camera in await run_in_threadpool(_read_all, state)}
    bus = True
    health: dict[str, CameraHealth] = {}
    try:
        health = await all_health(state)
    except BusDown:
        bus = False
    views = [
        CameraView(
            camera=redacted_camera(registered.get(camera_id) or CameraDocument(id=camera_id, name=camera_id)),
            health=health.get(camera_id),
            registered=camera_id in registered,
        )
        for camera_id in sorted(registered.keys() | health.keys())
    ]
    return CameraList(cameras=views, bus=bus)


@router.get("/{camera_id}")
async def get_one_camera(camera_id: CameraIdPath, _: Reader, state: State) -> CameraView:
    """Show a camera; its source without credentials."""
    camera = await run_in_threadpool(_read, state, camera_id)
    try:
        health = await health_of(state, camera_id)
    except BusDown:
        health = None
    if camera is None and health is None:
        raise Problem(404, "not-found", f"there is no camera {camera_id}")
    shown = redacted_camera(camera or CameraDocument(id=camera_id, name=camera_id))
    return CameraView(camera=shown, health=health, registered=camera is not None)


@router.put("/{camera_id}", responses={201: {"model": CameraView, "description": "It is new"}})
async def put_one_camera(
    camera_id: CameraIdPath, body: CameraDocument, caller: Registrar, state: State, response: Response
) -> CameraView:
    """
    Register or change a camera (201 or 200); workers are notified at once, or when the bus is back.

    An empty ``source`` keeps the one that is registered, for answers never show it in full; ``zones`` that are not
    named stay as they were drawn on the wall. A worker registers cameras of the nodes that its key has enrolled, named
    in ``configured_by``; 409 ``camera-taken`` when the camera is an admin's or another node's.
    """
    if body.id != camera_id:
        raise Problem(422, "invalid-input", f"the document is of camera {body.id}, the address of {camera_id}")
    if HIDDEN in body.source:
        raise Problem(422, "invalid-input", "source: is the redacted one; leave it empty to keep what is registered")
    if body.source:
        # No worker opens a file that was typed into a form: only its own configuration, which it registers, names one.
        check = checked_source if isinstance(caller, Worker) and body.configured_by else checked_stream
        try:
            check(body.source)
        except SourceError as fault:
            raise Problem(422, "invalid-input", f"source: {fault}, got {redacted(body.source)}") from fault

    def write() -> tuple[CameraDocument, bool]:
        with state.database.writing() as session:
            known = _find(session, camera_id, caller)
            if isinstance(caller, Worker):
                _require_own(known, body, nodes_of(session, caller))
            if not body.source and known is None:
                raise Problem(422, "invalid-input", "source: a new camera needs one")
            camera = body if known is None else body.model_copy(update=_kept(known, body))
            shown = redacted_camera(camera)
            created = put_camera(session, camera, utc_now())
            data = {"by": caller_name(caller), "change": "added" if created else "changed", "name": camera.name}
            append_event(session, EventType.CAMERA_CHANGED, camera_id, utc_now(), data=data)
            return shown, created

    shown, created = await run_in_threadpool(write)
    await tell_workers(state)
    response.status_code = 201 if created else 200
    try:
        health = await health_of(state, camera_id)
    except BusDown:
        health = None
    return CameraView(camera=shown, health=health, registered=True)


@router.delete("/{camera_id}", status_code=204)
async def delete_camera(camera_id: CameraIdPath, caller: Registrar, state: State) -> None:
    """Remove a camera; its leads and their evidence stay. A worker may remove what one of its own nodes configured."""

    def remove() -> None:
        with state.database.writing() as session:
            if isinstance(caller, Worker):
                known = _find(session, camera_id, caller)
                if known is not None and known.configured_by not in nodes_of(session, caller):
                    raise _taken(known)
            try:
                remove_camera(session, camera_id, utc_now())
            except UnknownRecord as fault:
                raise Problem(404, "not-found", str(fault)) from fault
            append_event(session, EventType.CAMERA_REMOVED, camera_id, utc_now(), data={"by": caller_name(caller)})

    await run_in_threadpool(remove)
    await tell_workers(state)


@router.get("/{camera_id}/snapshot.jpg", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def get_snapshot(camera_id: CameraIdPath, _: AnyOperator, state: State) -> Response:
    """Return the newest picture; ``X-Capture-Utc`` is its capture time. 404 when there is none."""
    try:
        snapshot = await state.broker.get_hash(snapshot_key(camera_id))
    except BusDown as fault:
        raise bus_down() from fault
    if "jpeg" not in snapshot:
        raise Problem(404, "no-snapshot", f"there is no picture of camera {camera_id} from the last two minutes")
    headers = {
        "X-Capture-Utc": snapshot.get("utc", b"").decode("ascii", "replace"),
        "X-Picture-Size": f"{_number(snapshot, 'width')}x{_number(snapshot, 'height')}",
        "Cache-Control": "no-store",
    }
    return Response(snapshot["jpeg"], headers=headers, media_type="image/jpeg")


@router.get("/{camera_id}/health")
async def get_health(camera_id: CameraIdPath, _: Reader, state: State) -> CameraHealth:
    """Return the newest report of a camera; 404 without one for 15 s."""
    try:
        health = await health_of(state, camera_id)
    except BusDown as fault:
        raise bus_down() from fault
    if health is None:
        raise Problem(404, "no-health", f"no worker reports camera {camera_id}")
    return health


def bus_down() -> Problem:
    """Return the answer of what cannot be done without the bus."""
    return Problem(503, "bus-away", "the bus does not answer; try again", headers={"Retry-After": "5"})


def _read_all(state: ApiState) -> list[CameraDocument]:
    with state.database.reading() as session:
        return list_cameras(session)


def _read(state: ApiState, camera_id: str) -> CameraDocument | None:
    with state.database.reading() as session:
        return _find(session, camera_id)


def _find(session: Session, camera_id: str, caller: Operator | Worker | None = None) -> CameraDocument | None:
    """Return a registered camera; `None` for a missing one, or an unreadable one, which no worker may replace."""
    try:
        return get_camera(session, camera_id)
    except UnreadableRecord as fault:
        if isinstance(caller, Worker):
            raise Problem(409, "camera-taken", str(fault)) from fault
        return None
    except UnknownRecord:
        return None


def _kept(known: CameraDocument, body: CameraDocument) -> dict[str, object]:
    """Return the values that a changed camera keeps because the document omits them."""
    kept: dict[str, object] = {} if body.source else {"source": known.source}
    return kept if "zones" in body.model_fields_set else kept | {"zones": known.zones}


def _require_own(known: CameraDocument | None, wanted: CameraDocument, nodes: frozenset[str]) -> None:
    """Raise `Problem` unless a worker with these nodes may register a camera."""
    if known is not None and (not known.configured_by or known.configured_by != wanted.configured_by):
        raise _taken(known)
    if wanted.configured_by not in nodes:
        if wanted.configured_by:
            detail = f"this worker key has not enrolled node {wanted.configured_by}: use the one that has, or revoke it"
        else:
            detail = "configured_by: a worker names its node here; cameras for any worker are registered by an admin"
        raise Problem(403, "node-not-yours", detail)


def _taken(camera: CameraDocument) -> Problem:
    """Return the answer to a worker that would change or remove a camera of another owner."""
    owner = camera.configured_by
    whose = f"belongs to node {owner}" if owner else "was registered by an admin"
    detail = f"camera {camera.id} {whose}: choose another id"
    return Problem(409, "camera-taken", detail, extensions={"configured_by": owner})


def _number(snapshot: dict[str, bytes], field: str) -> int:
    text = snapshot.get(field, b"0")
    return int(text) if text.isdigit() else 0
