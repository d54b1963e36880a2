"""
Lead memory: the recently reported leads of each camera, kept on disk for a restarted worker.

A lead is written only once its evidence is on disk, so that every remembered lead will be reported. Where the file
cannot be read or written, the log says so and the camera starts without memory.
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
"""Suffix of a camera's file."""

_Filed = dict[tuple[LeadKey, datetime], RecentLead]


class Remembering(Protocol):
    """A camera's analyser: `vision.analysis.analyser.CameraAnalyser`."""

    @property
    def told(self) -> Sequence[RecentLead]:
        """The reported leads into which others may still be merged."""
        ...

    def recall(self, told: Sequence[RecentLead]) -> None:
        """Continue from leads reported before."""
        ...


class LeadMemory:
    """
    Keeps the reported leads of a worker's cameras; one call a camera at a time, except `filed`.

    Only live cameras are remembered: a replay gives the same leads every time, and so does a file that a worker reads.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`; remove what is too old to be merged into."""
        self._folder = folder
        self._cameras: dict[CameraId, _Filed] = {}
        self._lock = threading.Lock()
        self._clear()

    def begin(self, camera: CameraId, analyser: Remembering) -> None:
        """Give a camera's analyser its remembered leads."""
        filed = {one.identity: one for one in self._read(camera) if one.is_recent(utc_now())}
        with self._lock:
            self._cameras[camera] = filed
        analyser.recall(tuple(filed.values()))

    def filed(self, lead: Lead) -> None:
        """Remember a lead whose evidence is on disk. Called from any thread."""
        if lead.last.source is UtcSource.FILE:
            return
        with self._lock:
            filed = self._cameras.get(lead.camera_id)
            if filed is not None:
                told = RecentLead.of(lead)
                filed[told.identity] = told
                self._write(lead.camera_id, filed, ())

    def end(self, camera: CameraId, analyser: Remembering) -> None:
        """Write the leads of a camera that is no longer watched."""
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
            log.warning("remembered leads cannot be read, may be reported again", camera=camera, error=str(fault))
            return ()

    def _write(self, camera: CameraId, filed: _Filed, newest: Iterable[RecentLead]) -> None:
        """Write the filed leads that may still be merged into, in their newest state; the caller holds the lock."""
        filed |= {one.identity: one for one in newest if one.identity in filed}
        recent = [one for one in filed.values() if one.is_recent(utc_now())]
        if not recent and not self._path(camera).is_file():
            return
        try:
            make_folder(self._folder)
            write_durably(self._path(camera), as_json(recent))
        except (StorageError, OSError) as fault:
            log.warning("reported leads cannot be remembered", camera=camera, error=str(fault))

    def _clear(self) -> None:
        try:
            for path in (*self._folder.glob(f"*{SUFFIX}"), *self._folder.glob("*.look")):
                if path.suffix == ".look" or utc_now().timestamp() - path.stat().st_mtime > MERGE_S:
                    path.unlink()
        except OSError as fault:
            log.warning("old remembered leads cannot be removed", folder=str(self._folder), error=str(fault))
