"""Registered cameras; the only place that holds their full source."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.schema import CameraDocument
from api.store.coverage import note_duty
from api.store.faults import UnknownRecord
from api.store.tables import CameraRow


def list_cameras(session: Session) -> list[CameraDocument]:
    """Return the registered cameras by id, with their full source."""
    rows = session.scalars(select(CameraRow.document).order_by(CameraRow.camera_id))
    return [CameraDocument.model_validate_json(document) for document in rows]


def get_camera(session: Session, camera_id: str) -> CameraDocument:
    """Return a registered camera with its full source; raise `UnknownRecord`."""
    row = session.get(CameraRow, camera_id)
    if row is None:
        raise UnknownRecord(f"there is no camera {camera_id}")
    return CameraDocument.model_validate_json(row.document)


def put_camera(session: Session, camera: CameraDocument, at: datetime) -> bool:
    """Register or change a camera; return whether it is new."""
    row = session.get(CameraRow, camera.id)
    created = row is None
    if row is None:
        row = CameraRow(camera_id=camera.id)
        session.add(row)
    row.document = camera.model_dump_json()
    row.changed = at
    note_duty(session, camera.id, at, on_duty=camera.enabled)
    return created


def remove_camera(session: Session, camera_id: str, at: datetime) -> None:
    """Remove a camera; its leads and what was watched of it stay. Raises `UnknownRecord`."""
    row = session.get(CameraRow, camera_id)
    if row is None:
        raise UnknownRecord(f"there is no camera {camera_id}")
    session.delete(row)
    note_duty(session, camera_id, at, on_duty=False)
