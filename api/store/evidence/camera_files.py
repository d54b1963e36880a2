"""Cameras' files under article 41: every version is kept, and each is a leaf of the log."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.evidence.article41 import Article41File
from api.contract.wire.moment import rfc3339
from api.store.documents import read_document, stored
from api.store.evidence.tables import CameraFileRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import StaleVersion


@dataclass(frozen=True, slots=True)
class CameraFile:
    """One version of a camera's file; version 0 is the empty file that every camera has at first."""

    camera_id: str
    version: int
    file: Article41File
    by: str
    at: datetime | None
    log_index: int | None


def camera_file(session: Session, camera_id: str) -> CameraFile:
    """Return the newest version of a camera's file; version 0, the empty one, before any was entered."""
    row = session.scalar(
        select(CameraFileRow)
        .where(CameraFileRow.camera_id == camera_id)
        .order_by(CameraFileRow.version.desc())
        .limit(1)
    )
    return CameraFile(camera_id, 0, Article41File(), "", None, None) if row is None else _file(session, row)


def camera_file_versions(session: Session, camera_id: str) -> list[CameraFile]:
    """Return all versions of a camera's file, oldest first."""
    rows = select(CameraFileRow).where(CameraFileRow.camera_id == camera_id).order_by(CameraFileRow.version)
    return [_file(session, row) for row in session.scalars(rows)]


def put_camera_file(
    session: Session, camera_id: str, file: Article41File, *, version: int, by: str, at: datetime
) -> CameraFile:
    """Add a version after `version`; raise `StaleVersion` if another was first. Needs the writing transaction."""
    newest = camera_file(session, camera_id)
    if newest.version != version:
        raise StaleVersion(f"the file of camera {camera_id} has version {newest.version}, not {version}")
    document = stored(file)
    record = {
        "camera_id": camera_id,
        "version": version + 1,
        "article41": json.loads(document),
        "by": by,
        "at": rfc3339(at),
    }
    index = append_record(session, LeafKind.CAMERA, record, camera_id, at)
    row = CameraFileRow(camera_id=camera_id, version=version + 1, document=document, by=by, at=at, log_index=index)
    session.add(row)
    session.flush()
    return _file(session, row)


def _file(session: Session, row: CameraFileRow) -> CameraFile:
    key = f"{row.camera_id} version {row.version}"
    file = read_document(session, Article41File, key, row.document, of="cameras' files") or Article41File()
    return CameraFile(row.camera_id, row.version, file, row.by, row.at, row.log_index)
