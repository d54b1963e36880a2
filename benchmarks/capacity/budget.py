"""The budget: what a machine must hold to with a number of cameras, and the arithmetic on what was measured."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.capacity.record import Entry, Window


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


def missed(entries: Mapping[str, Sequence[Entry]], window: Window, step_s: float) -> int:
    """
    Return how many pictures were due and not analysed, where one is due every `step_s`.

    A gap of twice the step misses one; a quarter of a step is allowed for, as cameras' clocks and groups need it.
    """
    lost = 0
    for all_entries in entries.values():
        inside = [entry for entry in all_entries if window.start_s <= entry.known_s <= window.end_s]
        for earlier, later in itertools.pairwise(inside):
            lost += max(0, int((later.captured_s - earlier.captured_s) / step_s + 0.25) - 1)
    return lost


def slope(points: Sequence[tuple[int, float]]) -> float | None:
    """Return how much a figure grows a camera: least squares through (cameras, figure); ``None`` below two points."""
    counts, figures = np.array([c for c, _ in points], float), np.array([each for _, each in points], float)
    if len(set(counts.tolist())) < 2:
        return None
    return float(np.polyfit(counts, figures, 1)[0])
