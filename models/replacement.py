"""Replacement of files: what is written beside a file takes its place when it is whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
"""Ending of names that are still being written, never read."""


@contextmanager
def replacing(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """
    Yield a name beside `path` to write to; at the end of the block that file takes the place of `path`.

    Readers find the old file or the whole new one. Nothing stays of a block that raises. Nothing is brought to disk,
    so this is not for what must survive a power cut.

    Args:
        path: the file to replace, or to make.

        shared: several processes may write it at a time: each has a name of its own.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}" if shared else path.name + PART)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
