"""Writing that survives a power cut, on the API's side: content to disk first, then the name, then its folder."""

import os
from pathlib import Path

PARTIAL = ".partial"
"""Ending of a name that is still being written; never read."""


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Make `path` hold `data`: the old bytes or the new ones, whatever is cut, and the new ones when this returns."""
    partial = path.with_name(path.name + PARTIAL)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
