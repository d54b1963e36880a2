"""The record of a worker under measurement: what became of each picture that a detector thread took."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from models.replacement import replacing


class Outcome(StrEnum):
    """What became of a picture."""

    ANALYSED = "analysed"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One picture.

    Attributes:
        known_s: monotonic seconds, the same for all processes of a machine, when its boxes were known.

        captured_s: seconds since 1970 at which it was taken.

        delay_s: from capture until its boxes were known.
    """

    camera: str
    outcome: Outcome
    is_keyframe: bool
    known_s: float
    captured_s: float
    delay_s: float


class Recorder:
    """Writes entries as lines of a file; may be called by several threads."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def note(self, camera: str, outcome: Outcome, *, is_keyframe: bool, captured_s: float) -> None:
        """Write one line, with the moment it is written."""
        known_s, now_s = time.monotonic(), time.time()
        line = f"{camera} {outcome} {is_keyframe:d} {known_s:.4f} {captured_s:.4f} {now_s - captured_s:.4f}\n"
        with self._lock:
            self._file.write(line.encode())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


def read_record(path: Path) -> list[Entry]:
    """Return what a recorder wrote so far; a line that is being written is left out."""
    entries = []
    for line in path.read_text(encoding="ascii").split("\n")[:-1]:
        camera, outcome, keyframe, known, captured, delay = line.split(" ")
        entries.append(Entry(camera, Outcome(outcome), keyframe == "1", float(known), float(captured), float(delay)))
    return entries


@dataclass(frozen=True, slots=True)
class Window:
    """The measured part of a record; monotonic seconds."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def by_camera(entries: Sequence[Entry], cameras: Sequence[str]) -> Mapping[str, list[Entry]]:
    """Return the analysed pictures of each camera in the order of their capture; a camera without any has none."""
    sorted_entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.outcome is Outcome.ANALYSED:
            sorted_entries[entry.camera].append(entry)
    return {camera: sorted(sorted_entries[camera], key=lambda entry: entry.captured_s) for camera in cameras}


def thread_names() -> dict[int, str]:
    """Return the names of this process's Python threads by their number in the system."""
    return {thread.native_id: thread.name for thread in threading.enumerate() if thread.native_id is not None}


def write_threads(path: Path) -> None:
    """Write `thread_names` where another process can read them whole."""
    with replacing(path) as part:
        part.write_text("".join(f"{number} {name}\n" for number, name in thread_names().items()), encoding="utf-8")


def read_threads(path: Path) -> dict[int, str]:
    """Return what `write_threads` wrote; empty before it did."""
    if not path.exists():
        return {}
    lines = (line.split(" ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return {int(number): name for number, name in lines}
