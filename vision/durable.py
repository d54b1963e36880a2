"""
Writing that survives a power cut: content first to disk, then the name, then the folder that holds the name.

A file is either the old one, the new one, or not there; what a cut leaves half-written has a name of its own
(`PARTIAL`) and is never read. Raises `StorageError` (a full disk included) with the path and the system's reason.

    StorageError
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.contract import durable
from api.contract.durable import PARTIAL, sync_folder, why_not

__all__ = [
    "PARTIAL",
    "StorageError",
    "make_folder",
    "remove_folder",
    "remove_partial",
    "rename_durably",
    "storing",
    "sync_folder",
    "sync_tree",
    "write_durably",
]


class StorageError(Exception):
    """The disk did not take what had to be kept; nothing half-written counts as done."""


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `StorageError` that names `what`, and of a full disk how full it is."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what} could not be stored: {why_not(Path(what), error)}") from error


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Make `path` hold `data`: whole and on disk when this returns, untouched when it raises `StorageError`."""
    with storing(str(path)):
        durable.write_durably(path, data, mode)


def rename_durably(source: Path, target: Path) -> None:
    """Rename a file or a folder within one file system; `target` must not exist or be an empty folder."""
    with storing(str(target)):
        source.rename(target)
        sync_folder(target.parent)
        if source.parent != target.parent:
            sync_folder(source.parent)


def sync_tree(folder: Path) -> None:
    """Bring every file of a flat folder, and the folder itself, to disk."""
    with storing(str(folder)):
        for path in folder.iterdir():
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(folder)


def make_folder(folder: Path, mode: int = 0o755) -> None:
    """Make a folder and its parents if they are not there."""
    with storing(str(folder)):
        if not folder.is_dir():
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            sync_folder(folder.parent)


def remove_folder(folder: Path) -> None:
    """
    Remove a folder and what is in it, atomically as far as a reader of its name can tell.

    It is renamed to a `PARTIAL` name first, so that a cut in the middle leaves rubbish and not half a folder.
    """
    if not folder.exists():
        return
    with storing(str(folder)):
        doomed = folder
        if not folder.name.endswith(PARTIAL):
            doomed = folder.with_name(folder.name + ".removed" + PARTIAL)
            shutil.rmtree(doomed, ignore_errors=True)
            folder.rename(doomed)
            sync_folder(doomed.parent)
        shutil.rmtree(doomed)


def remove_partial(folder: Path) -> int:
    """Remove what an earlier run left half-written directly in `folder`; return how many."""
    with storing(str(folder)):
        found = [path for path in folder.iterdir() if path.name.endswith(PARTIAL)]
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    return len(found)
