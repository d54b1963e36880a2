"""
Remembered places: the usual look of each watched camera, kept on disk so that a worker that is started anew knows it.

It is written every ten minutes of watching and when a camera is given up; a worker that is killed loses ten minutes of
it. It is a help and no more: where it cannot be read or kept, the log says so and the watch begins as on the first day.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from streams.camera import CameraId
from streams.clock import CaptureTime, utc_now
from vision.durable import StorageError, make_folder, write_durably
from vision.usual import LONGEST_GAP_S, UsualLook

log = structlog.get_logger(__name__)

KEPT_EVERY_S = 600.0
"""Seconds of a camera's own time between two writes, breaks of the stream not counted."""

SUFFIX = ".look"


class Remembering(Protocol):
    """What is needed of a camera's analyser: `vision.analyser.CameraAnalyser`."""

    @property
    def usual_look(self) -> UsualLook | None:
        """What is known of the place; ``None`` where it has not been watched for long enough."""
        ...

    def recall(self, look: UsualLook) -> None:
        """Go on from this, if the pictures that come fit it."""
        ...


@dataclass(slots=True)
class _Watch:
    """
    How long a camera was watched since its look was written, and the newest picture.

    A camera begins somewhere within `KEPT_EVERY_S`, by its name: hundreds that begin together are not written together.
    """

    watched_s: float
    newest: CaptureTime | None = None


class RememberedPlaces:
    """
    Keeps the usual look of a worker's cameras; of one camera one call at a time.

    Only what is watched live is remembered: a replay of a file gives the same verdict every time.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`; what lies there and is too old for any camera is removed."""
        self._folder = folder
        self._cameras: dict[CameraId, _Watch] = {}
        self._clear()

    def begin(self, camera: CameraId, analyser: Remembering) -> None:
        """Hand a camera's analyser what is kept of its place."""
        self._cameras[camera] = _Watch(zlib.crc32(camera.encode()) % KEPT_EVERY_S)
        path = self._path(camera)
        try:
            if path.is_file():
                analyser.recall(UsualLook.from_bytes(path.read_bytes()))
        except (ValueError, OSError) as fault:
            log.warning("usual look cannot be read, learned anew", camera=camera, error=str(fault))

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
        if self._cameras.pop(camera, None) is not None:
            self._write(camera, analyser.usual_look)

    def _path(self, camera: CameraId) -> Path:
        return self._folder / f"{camera}{SUFFIX}"

    def _clear(self) -> None:
        try:
            for path in self._folder.glob(f"*{SUFFIX}"):
                if utc_now().timestamp() - path.stat().st_mtime > LONGEST_GAP_S:
                    path.unlink()
        except OSError as fault:
            log.warning("old usual looks not removed", folder=str(self._folder), error=str(fault))

    def _write(self, camera: CameraId, look: UsualLook | None) -> None:
        if look is None:
            return
        try:
            make_folder(self._folder)
            write_durably(self._path(camera), look.as_bytes())
        except (StorageError, OSError) as fault:
            log.warning("usual look not kept", camera=camera, error=str(fault))
