"""Writing that survives a power cut: content to disk first, then the name, then the folder that holds the name."""

import os
from pathlib import Path

PARTIAL = ".partial"
"""Ending of names that are still being written, never read; what bears it after a restart is rubbish."""


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """
    Make `path` hold `data`: the old bytes or the new ones, whatever is cut, and the new ones when this returns.

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
