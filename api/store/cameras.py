"""Registered cameras; the only place that holds their full source."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.camera import CameraDocument
from api.store.coverage import note_duty
from api.store.documents import forget_row, read_document, stored
from api.store.faults import UnknownRecord, UnreadableRecord
from api.store.tables import CameraRow

CAMERAS = "cameras"


def list_cameras(session: Session) -> list[CameraDocument]:
    """Return the registered cameras by id, with their full source; without those that cannot be read."""
    rows = session.execute(select(CameraRow.camera_id, CameraRow.document).order_by(CameraRow.camera_id))
    found = (read_document(session, CameraDocument, row.camera_id, row.document, of=CAMERAS) for row in rows)
    return [camera for camera in found if camera is not None]


def get_camera(session: Session, camera_id: str) -> CameraDocument:
    """Return a registered camera with its full source; raise `UnknownRecord`, `UnreadableRecord`."""
    row = session.get(CameraRow, camera_id)
    if row is None:
        raise UnknownRecord(f"there is no camera {camera_id}")
    camera = read_document(session, CameraDocument, camera_id, row.document, of=CAMERAS)
    if camera is None:
        raise UnreadableRecord(f"the stored row of camera {camera_id} cannot be read: write it again or remove it")
    return camera


def put_camera(session: Session, camera: CameraDocument, at: datetime) -> bool:
    """Register or change a camera; return whether it is new."""
    row = session.get(CameraRow, camera.id)
    created = row is None
    if row is None:
        row = CameraRow(camera_id=camera.id)
        session.add(row)
    row.document = stored(camera)
    row.changed = at
    note_duty(session, camera.id, at, on_duty=camera.enabled)
    forget_row(session, camera.id, of=CAMERAS)
    return created


def remove_camera(session: Session, camera_id: str, at: datetime) -> None:
    """Remove a camera; its leads and what was watched of it stay. Raises `UnknownRecord`."""
    row = session.get(CameraRow, camera_id)
    if row is None:
        raise UnknownRecord(f"there is no camera {camera_id}")
    session.delete(row)
    note_duty(session, camera_id, at, on_duty=False)
    forget_row(session, camera_id, of=CAMERAS)
