"""Files that results go to: examined before anything is measured, because minutes hang on them."""

import argparse
import os
from pathlib import Path

from benchmarks.errors import BenchmarkError


def writable(file: Path) -> Path:
    """Return `file` where a result could be written to it as things stand; nothing is made. Raise `BenchmarkError`."""
    if file.is_dir():
        raise BenchmarkError(f"{file}: a folder, expected a file to write")
    if not file.parent.is_dir():
        raise BenchmarkError(f"{file}: there is no folder {file.parent} to write it to")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise BenchmarkError(f"{file}: no permission to write it")
    return file


def result_file(text: str) -> Path:
    """Return the file that an option of `argparse` names, as `writable` does; raise `argparse.ArgumentTypeError`."""
    try:
        return writable(Path(text))
    except BenchmarkError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
