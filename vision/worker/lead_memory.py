"""
Lead memory: what was reported of each watched camera, kept on disk so that a restarted worker knows it.

It is written when its evidence is on disk, never before: what is remembered as told will be told. It is a help and no
more: where it cannot be read or kept, the log says so and the watch begins as on the first day.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from streams.camera import CameraId
from streams.timing.clock import UtcSource, utc_now
from vision.durable import StorageError, make_folder, write_durably
from vision.leads.lead import Lead, LeadKey
from vision.leads.recent_leads import MERGE_S, RecentLead, as_json, from_json

log = structlog.get_logger(__name__)

SUFFIX = ".told.json"
"""What the file of a camera ends in."""

_Filed = dict[tuple[LeadKey, datetime], RecentLead]


class Remembering(Protocol):
    """What is needed of a camera's analyser: `vision.analysis.analyser.CameraAnalyser`."""

    @property
    def told(self) -> Sequence[RecentLead]:
        """The leads that were told and that others may still be merged into."""
        ...

    def recall(self, told: Sequence[RecentLead]) -> None:
        """Go on from what was told."""
        ...


class LeadMemory:
    """
    Keeps what was told of a worker's cameras; of one camera one call at a time, but for `filed`.

    Only what is watched live is remembered: a replay of a file gives the same verdict every time. Of a file that a
    worker reads, which tells it anew each time, what was told is forgotten.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`; what lies there and is too old to be merged into is removed."""
        self._folder = folder
        self._cameras: dict[CameraId, _Filed] = {}
        self._lock = threading.Lock()
        self._clear()

    def begin(self, camera: CameraId, analyser: Remembering) -> None:
        """Hand a camera's analyser what is kept of what was told of it."""
        filed = {one.identity: one for one in self._read(camera) if one.is_recent(utc_now())}
        with self._lock:
            self._cameras[camera] = filed
        analyser.recall(tuple(filed.values()))

    def filed(self, lead: Lead) -> None:
        """Take in that the evidence of a lead is on disk: it is told, come what may. Called by any thread."""
        if lead.last.source is UtcSource.FILE:
            return
        with self._lock:
            filed = self._cameras.get(lead.camera_id)
            if filed is not None:
                told = RecentLead.of(lead)
                filed[told.identity] = told
                self._write(lead.camera_id, filed, ())

    def end(self, camera: CameraId, analyser: Remembering) -> None:
        """Keep what was told of a camera that is watched no more."""
        with self._lock:
            filed = self._cameras.pop(camera, None)
            if filed is not None:
                self._write(camera, filed, analyser.told)

    def _path(self, camera: CameraId) -> Path:
        return self._folder / f"{camera}{SUFFIX}"

    def _read(self, camera: CameraId) -> Sequence[RecentLead]:
        path = self._path(camera)
        try:
            return from_json(path.read_bytes()) if path.is_file() else ()
        except (ValueError, OSError) as fault:
            log.warning("leads told before cannot be read, told again", camera=camera, error=str(fault))
            return ()

    def _write(self, camera: CameraId, filed: _Filed, newest: Iterable[RecentLead]) -> None:
        """Write what was filed and may still be merged into, as it was seen last; the lock is held."""
        filed |= {one.identity: one for one in newest if one.identity in filed}
        recent = [one for one in filed.values() if one.is_recent(utc_now())]
        if not recent and not self._path(camera).is_file():
            return
        try:
            make_folder(self._folder)
            write_durably(self._path(camera), as_json(recent))
        except (StorageError, OSError) as fault:
            log.warning("told leads not remembered", camera=camera, error=str(fault))

    def _clear(self) -> None:
        try:
            for path in (*self._folder.glob(f"*{SUFFIX}"), *self._folder.glob("*.look")):
                if path.suffix == ".look" or utc_now().timestamp() - path.stat().st_mtime > MERGE_S:
                    path.unlink()
        except OSError as fault:
            log.warning("what is old of told leads is not removed", folder=str(self._folder), error=str(fault))
