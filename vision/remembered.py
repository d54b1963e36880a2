"""
Remembered places: what is known of each watched camera, kept on disk so that a worker that is started anew knows it.

The usual look is written every ten minutes of watching and when a camera is given up; a worker that is killed loses ten
minutes of it. What was told is written when its evidence is on disk, never before: what is remembered as told will be
told. Both are a help and no more: where they cannot be read or kept, the log says so and the watch begins as on the
first day.
"""

import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from streams.camera import CameraId
from streams.clock import CaptureTime, UtcSource, utc_now
from vision.durable import StorageError, make_folder, write_durably
from vision.leads import Lead
from vision.told import Told, as_json, from_json
from vision.usual import LONGEST_GAP_S, UsualLook

log = structlog.get_logger(__name__)

KEPT_EVERY_S = 600.0
"""Seconds of a camera's own time between two writes, breaks of the stream not counted."""

_Kept = TypeVar("_Kept")
LOOK, TOLD = ".look", ".told.json"
"""What the files of a camera end in."""


class Remembering(Protocol):
    """What is needed of a camera's analyser: `vision.analyser.CameraAnalyser`."""

    @property
    def usual_look(self) -> UsualLook | None:
        """What is known of the place; ``None`` where it has not been watched for long enough."""
        ...

    @property
    def told(self) -> Sequence[Told]:
        """The leads that were told and that others may still be merged into."""
        ...

    def recall(self, look: UsualLook | None, told: Sequence[Told] = ()) -> None:
        """Go on from this look, if the pictures that come fit it, and from what was told."""
        ...


@dataclass(slots=True)
class _Watch:
    """
    How long a camera was watched since its look was written, the newest picture, and leads whose evidence is on disk.

    A camera begins somewhere within `KEPT_EVERY_S`, by its name: hundreds that begin together are not written together.
    """

    watched_s: float
    newest: CaptureTime | None = None
    filed: dict[tuple[str, datetime], Told] = field(default_factory=dict)


class RememberedPlaces:
    """
    Keeps what is known of a worker's cameras; of one camera one call at a time, but for `filed`.

    Only what is watched live is remembered: a replay of a file gives the same verdict every time. Of a file that a
    worker reads, which tells it anew each time, what was told is forgotten.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`; what lies there and is too old for any camera is removed."""
        self._folder = folder
        self._cameras: dict[CameraId, _Watch] = {}
        self._lock = threading.Lock()
        self._clear()

    def begin(self, camera: CameraId, analyser: Remembering) -> None:
        """Hand a camera's analyser what is kept of its place and of what was told there."""
        watch = _Watch(zlib.crc32(camera.encode()) % KEPT_EVERY_S)
        look = self._read(camera, LOOK, UsualLook.from_bytes, "usual look cannot be read, learned anew")
        told = self._read(camera, TOLD, from_json, "leads told before cannot be read, told again")
        watch.filed = {one.identity: one for one in told or () if one.is_recent(utc_now())}
        with self._lock:
            self._cameras[camera] = watch
        analyser.recall(look, tuple(watch.filed.values()))

    def filed(self, lead: Lead) -> None:
        """Take in that the evidence of a lead is on disk: it is told, come what may. Called by any thread."""
        if lead.last.source is UtcSource.FILE:
            return
        with self._lock:
            watch = self._cameras.get(lead.camera_id)
            if watch is not None:
                told = Told.of(lead)
                watch.filed[told.identity] = told
                self._write_told(lead.camera_id, watch, ())

    def note(self, camera: CameraId, analyser: Remembering, time: CaptureTime) -> None:
        """Take in that a camera was looked at; now and then keep what is known of its place."""
        watch = self._cameras.get(camera)
        if watch is None:
            return
        if watch.newest is not None and watch.newest.epoch == time.epoch:
            watch.watched_s += time.seconds_since(watch.newest)
        watch.newest = time
        if watch.watched_s >= KEPT_EVERY_S:
            watch.watched_s = 0.0
            self._write(camera, analyser.usual_look)

    def end(self, camera: CameraId, analyser: Remembering) -> None:
        """Keep what is known of a place that is watched no more."""
        with self._lock:
            watch = self._cameras.pop(camera, None)
            if watch is None:
                return
            self._write_told(camera, watch, analyser.told)
        self._write(camera, analyser.usual_look)

    def _path(self, camera: CameraId, suffix: str) -> Path:
        return self._folder / f"{camera}{suffix}"

    def _read(self, camera: CameraId, suffix: str, parse: Callable[[bytes], _Kept], otherwise: str) -> _Kept | None:
        path = self._path(camera, suffix)
        try:
            return parse(path.read_bytes()) if path.is_file() else None
        except (ValueError, OSError) as fault:
            log.warning(otherwise, camera=camera, error=str(fault))
            return None

    def _write_told(self, camera: CameraId, watch: _Watch, newest: Iterable[Told]) -> None:
        """Write what was filed and may still be merged into, as it was seen last; the lock is held."""
        watch.filed |= {one.identity: one for one in newest if one.identity in watch.filed}
        watch.filed = {key: one for key, one in watch.filed.items() if one.is_recent(utc_now())}
        if watch.filed or self._path(camera, TOLD).is_file():
            self._keep(camera, TOLD, as_json(tuple(watch.filed.values())))

    def _write(self, camera: CameraId, look: UsualLook | None) -> None:
        if look is not None:
            self._keep(camera, LOOK, look.as_bytes())

    def _keep(self, camera: CameraId, suffix: str, data: bytes) -> None:
        try:
            make_folder(self._folder)
            write_durably(self._path(camera, suffix), data)
        except (StorageError, OSError) as fault:
            log.warning("place not remembered", camera=camera, file=suffix, error=str(fault))

    def _clear(self) -> None:
        try:
            for path in (*self._folder.glob(f"*{LOOK}"), *self._folder.glob(f"*{TOLD}")):
                if utc_now().timestamp() - path.stat().st_mtime > LONGEST_GAP_S:
                    path.unlink()
        except OSError as fault:
            log.warning("what is old of places is not removed", folder=str(self._folder), error=str(fault))
