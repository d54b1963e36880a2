"""Writing that survives a power cut: content to disk first, then the name, then the folder that holds the name."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

PARTIAL = ".partial"
"""Ending of names that are still being written, never read; after a restart such files can be deleted."""
LEAST_ROOM_BYTES = 1 << 20
"""A disk that does not take this much more is full: next to nothing could be kept on it."""


def why_not(path: Path, error: OSError) -> str:
    """Return why the disk did not take `path`; of a full one, or a quota that is used up, in a sentence that helps."""
    return full_disk(path) if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror or str(error)


def full_disk(path: Path) -> str:
    """Return the sentence for a full disk: which, how much of it is free, and what is to be done."""
    place = next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())
    room = shutil.disk_usage(place)
    return (
        f"the disk is full that holds {place}: {room.free / 1e6:.1f} of {room.total / 1e6:.1f} MB are free; "
        "make room there, what waits is then tried again"
    )


def has_room(folder: Path) -> bool:
    """Return whether the disk of `folder` has `LEAST_ROOM_BYTES` left."""
    return shutil.disk_usage(folder).free >= LEAST_ROOM_BYTES


def check_room(folder: Path) -> None:
    """Raise `OSError` where the disk of `folder` does not take `LEAST_ROOM_BYTES` now; nothing of the try stays."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        os.posix_fallocate(probe.fileno(), 0, LEAST_ROOM_BYTES)


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """
    Make `path` hold `data`: the old bytes or the new ones after a power cut, and the new ones once this returns.

    Raises `OSError`, a full disk included; then nothing half-written stays.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
