"""The budget: what a machine must hold to with a number of cameras, and the arithmetic on what was measured."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.capacity.record import Entry, Window

UNDELIVERED = "undelivered"
"""The worker's word for pictures that a camera did not send: their number by the holes in its timestamps."""


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What counts as carried (issue 4).

    Attributes:
        median_s, p99_s: of the intervals between analysed pictures, over all cameras.

        latency_p99_s: from capture until the boxes are known: a picture analysed late says nothing about now.

        mb_per_camera: growth of the worker's memory with each camera.
    """

    median_s: float = 2.5
    p99_s: float = 5.0
    latency_p99_s: float = 5.0
    mb_per_camera: float = 40.0


@dataclass(frozen=True, slots=True)
class Intervals:
    """
    The gaps between one after another analysed picture of each camera, in seconds of capture.

    Attributes:
        gaps_s: of all cameras together; a camera's last picture and the end of the window make one more where that is
            longer than its others, so that a camera which fell silent is not forgotten.

        silent: cameras of which no picture was analysed.
    """

    gaps_s: tuple[float, ...]
    silent: tuple[str, ...]

    def quantile(self, share: float) -> float:
        """Return the gap that `share` of all do not exceed; infinite where there is none."""
        return float(np.quantile(self.gaps_s, share)) if self.gaps_s else float("inf")


def intervals(entries: Mapping[str, Sequence[Entry]], window: Window) -> Intervals:
    """Return the gaps within a window; `entries` are each camera's analysed pictures in the order of capture."""
    gaps: list[float] = []
    silent = []
    for camera, all_entries in entries.items():
        inside = [entry for entry in all_entries if window.start_s <= entry.known_s <= window.end_s]
        if not inside:
            silent.append(camera)
            gaps.append(window.seconds)
            continue
        own = [later.captured_s - earlier.captured_s for earlier, later in itertools.pairwise(inside)]
        open_s = window.end_s - inside[-1].known_s
        gaps += own
        if open_s > max(own, default=0.0):
            gaps.append(open_s)
    return Intervals(tuple(gaps), tuple(silent))


@dataclass(frozen=True, slots=True)
class Due:
    """
    What is to be analysed of a camera.

    Attributes:
        kind: of the camera, for people.

        step_s: seconds from one picture that is due to the next.

        fps: pictures a second that it sends.
    """

    kind: str
    step_s: float
    fps: float


def missed(entries: Sequence[Entry], window: Window, step_s: float) -> int:
    """
    Return how many pictures of a camera were due and not analysed, where one is due every `step_s`.

    A gap of twice the step misses one; a quarter of a step is allowed for, as cameras' clocks and groups need it. Both
    its ends were captured and analysed within the window: what was lost between them was lost within it as well, and
    so are the worker's counts that explain it. Where pictures are analysed late, a gap that ends in the window may be
    older than the window.
    """
    inside = [
        entry for entry in entries if window.start_s <= entry.known_s - entry.delay_s and entry.known_s <= window.end_s
    ]
    return sum(
        max(0, int((later.captured_s - earlier.captured_s) / step_s + 0.25) - 1)
        for earlier, later in itertools.pairwise(inside)
    )


def unexplained(lost: int, counted: Mapping[str, int], due: Due) -> int:
    """
    Return how many of a camera's `lost` pictures the worker did not count.

    `counted` are its counts by reason: of pictures that were due, but for `UNDELIVERED`, which counts all that a camera
    did not send; one a step of them was due.
    """
    known = sum(count for reason, count in counted.items() if reason != UNDELIVERED)
    undelivered = math.ceil(counted.get(UNDELIVERED, 0) / (due.step_s * due.fps))
    return max(0, lost - known - undelivered)


def slope(points: Sequence[tuple[int, float]]) -> float | None:
    """Return how much a figure grows a camera: least squares through (cameras, figure); ``None`` below two points."""
    counts, figures = np.array([c for c, _ in points], float), np.array([each for _, each in points], float)
    if len(set(counts.tolist())) < 2:
        return None
    return float(np.polyfit(counts, figures, 1)[0])
