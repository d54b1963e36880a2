"""
After stills: the newest picture of a lead's camera is kept when it enters RECTIFIED, and when its watch ends.

The worker's snapshot on the bus is the newest that the API can get, at most two minutes old. Nothing waits for it: a
camera that is away is tried again (`api.store.loop.after_stills.PAUSES`).
"""

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.bus import snapshot_key
from api.contract.durable import why_not
from api.fleet.broker import BusDown
from api.loop.attachments import BEGINNINGS, keep_attachment
from api.problems import Problem
from api.state import ApiState
from api.store.evidence.attachments import AttachmentKind, StoredAttachment
from api.store.loop.after_stills import DueStill, settle_still, stills_wait, take_due

log = structlog.get_logger(__name__)

PERIOD_S = 5.0
MOST = 20
"""Stills of one turn."""
BY = "system:after-stills"
JPEG = "image/jpeg"


class NoStill(Exception):  # noqa: N818
    """There is no picture to keep; `is_final` where no further try mends that."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class _Snapshot:
    jpeg: bytes
    taken: datetime


class AfterStills:
    """Takes the stills that are due; of several API processes the one that takes a still first keeps it."""

    def __init__(self, state: ApiState) -> None:
        self._state = state

    async def run(self) -> None:
        """Take turns until cancelled; to be run by `api.fleet.broker.keep_running`."""
        while True:
            count = await self.turn(utc_now())
            await asyncio.sleep(0 if count >= MOST else PERIOD_S)

    async def turn(self, now: datetime) -> int:
        """Take the stills that are due; return how many were tried. Nothing is written where none is due."""
        due = await run_in_threadpool(self._take, now)
        for each in due:
            try:
                found = await self._newest(each.camera_id)
                sha256 = await run_in_threadpool(self._keep, each, found, now)
                await run_in_threadpool(self._settle, each, sha256=sha256)
            except NoStill as none:
                log.warning("no still of a rectified lead", lead=each.lead_id, camera=each.camera_id, reason=str(none))
                await run_in_threadpool(self._settle, each, reason=str(none), final=none.is_final)
        return len(due)

    def _take(self, now: datetime) -> list[DueStill]:
        with self._state.database.reading() as session:
            if not stills_wait(session, now):
                return []
        with self._state.database.writing() as session:
            return take_due(session, now, MOST)

    async def _newest(self, camera_id: str) -> _Snapshot:
        """Return a camera's newest picture; raise `NoStill`."""
        try:
            fields = await self._state.broker.get_hash(snapshot_key(camera_id))
        except BusDown as fault:
            raise NoStill(str(fault)) from fault
        jpeg = fields.get("jpeg", b"")
        if not jpeg:
            raise NoStill(f"there is no picture of camera {camera_id} from the last two minutes")
        try:
            taken = datetime.fromisoformat(fields.get("utc", b"").decode())
        except ValueError as fault:
            raise NoStill(f"the newest picture of camera {camera_id} does not say when it was taken") from fault
        if not jpeg.startswith(BEGINNINGS[JPEG]) or taken.tzinfo is None:
            raise NoStill(f"the newest picture of camera {camera_id} is no JPEG with a time")
        return _Snapshot(jpeg, taken.astimezone(UTC))

    def _keep(self, due: DueStill, found: _Snapshot, now: datetime) -> str:
        """Keep a picture as the lead's attachment and return its hash; raise `NoStill`."""
        sha256 = hashlib.sha256(found.jpeg).hexdigest()
        name = f"{due.camera_id}_{found.taken:%Y%m%dT%H%M%SZ}.jpg"
        size, kind = len(found.jpeg), AttachmentKind.AFTER
        made = StoredAttachment(due.lead_id, sha256, name, kind, JPEG, size, BY, now, due.camera_id, found.taken)
        folder = self._state.settings.data_dir
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix="upload-", suffix=".tar") as file:
                file.write(found.jpeg)
                file.flush()
                keep_attachment(self._state, made, Path(file.name), "local")
        except OSError as fault:
            raise NoStill(why_not(folder, fault)) from fault
        except Problem as problem:
            raise NoStill(problem.detail, is_final=problem.status == HTTPStatus.GONE) from problem
        return sha256

    def _settle(self, due: DueStill, *, sha256: str = "", reason: str = "", final: bool = False) -> None:
        with self._state.database.writing() as session:
            settle_still(session, due, sha256=sha256, reason=reason, final=final)
