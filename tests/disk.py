"""
Full disks: one that is full from a certain step on, told by Python's audit hooks (files opened to write, folders,
renames), and a small one of its own (tmpfs), where root may mount it.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(slots=True)
class FullDisk:
    """
    A folder whose disk takes no more from a step on.

    Attributes:
        folder: what lies elsewhere is not concerned.

        full_from: number of the first step that fails, counted from 1; 0: none does.

        steps: taken so far.
    """

    folder: Path
    full_from: int = 0
    steps: int = 0

    def on_event(self, event: str, arguments: tuple[object, ...]) -> None:
        """Count a step, or refuse it as a full disk does."""
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & _WRITES:
                return
        elif event in {"os.mkdir", "os.rename"}:
            path = arguments[0]
        else:
            return
        if not isinstance(path, str | bytes | os.PathLike) or not os.fsdecode(path).startswith(str(self.folder)):
            return
        self.steps += 1
        if self.full_from and self.steps >= self.full_from:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fsdecode(path))


_disks: list[FullDisk] = []


def _on_event(event: str, arguments: tuple[object, ...]) -> None:
    for disk in _disks:
        disk.on_event(event, arguments)


_hooked: list[bool] = []


@contextmanager
def disk_full(folder: Path, full_from: int = 0) -> Iterator[FullDisk]:
    """Let the disk under `folder` take no more from step `full_from` on, until the block ends; 0 only counts."""
    if not _hooked:
        sys.addaudithook(_on_event)
        _hooked.append(True)
    disk = FullDisk(folder, full_from)
    _disks.append(disk)
    try:
        yield disk
    finally:
        _disks.remove(disk)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk of so many megabytes at a new `folder`; skips the test where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a small disk needs the program mount")
    if done.returncode:
        pytest.skip(f"a small disk needs the right to mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write until the disk of `folder` takes no byte more; return the file to be removed for space."""
    path = folder / "everything-else"
    with path.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4096)):
            pass
    return path
