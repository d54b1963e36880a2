"""
The result of a scenes run as a file: versioned, complete in itself, the same figures for the same inputs.

Events and false leads, opacity, and faults of the camera, each for the scenes that things were fitted on and for those
that were held out. `docs/benchmarks.md` says what every figure means.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from benchmarks.accuracy import score
from benchmarks.accuracy.figures import Estimate, Number, Part, Share
from benchmarks.accuracy.result import ImageFigures, ModelUsed, RuntimeUsed, SequenceFigures, read_as
from benchmarks.capacity.result import Machine

SCENES_FORMAT = "plumewatch.scenes/2"

HOURS_A_DAY = 24


class PerDay(Part):
    """`count` events in `hours` watched, for a camera and day; the interval is the exact one of a Poisson count."""

    count: int
    hours: Number
    value: Number | None
    low: Number
    high: Number | None

    @classmethod
    def of(cls, count: int, hours: float) -> Self:
        """Return the rate; without any hours it is unknown."""
        if hours <= 0:
            return cls(count=count, hours=0.0, value=None, low=0.0, high=None)
        low, high = score.poisson(count)
        scale = HOURS_A_DAY / hours
        return cls(count=count, hours=hours, value=count * scale, low=low * scale, high=high * scale)


class Confirmation(Part):
    """How one way to decide does at the shipped threshold; seconds run from the start of an event to its lead."""

    decider: str
    event_recall: Share
    confirm_median_s: Number | None
    confirm_p90_s: Number | None
    false_leads: PerDay
    scenes_with_false_leads: Share


class LookAlikeFigures(Part):
    """Quiet scenes of one kind under the shipped rules, and how many of them raised a false lead."""

    scenes_with_false_leads: Share
    false_leads: PerDay


class FaultSeen(Part):
    """One camera fault: when it began, when and as what it was first told, and leads confirmed after it began."""

    kind: str
    start_s: Number
    told_s: Number | None
    told_as: str | None
    leads: int


class FaultFigures(Part):
    """Faults of the camera: told within 60 s and by their name; and faults told in scenes of sound cameras."""

    told: Share
    named: Share
    scenes_with_leads: Share
    false_faults: dict[str, list[str]]
    faults: dict[str, FaultSeen]


class OpacityCase(Part):
    """One plume of known opacity, in [0, 1]: what was read, with its standard deviation, or why it was refused."""

    scene: str
    colour: str
    before: str
    bit_rate: int
    true: Number
    opacity: Number | None
    sd: Number | None
    least: Number | None
    refusal: str | None


class OpacityFigures(Part):
    """Errors of the readings that gave a number, in opacity; the interval of their mean by drawing scenes anew."""

    cases: int
    numbers: int
    mean_error: Estimate
    worst_error: Number | None
    within_2_sd: Share
    refused: dict[str, int]


class SplitOpacity(Part):
    """Opacity of one split, over all and by colour, by background and by bit rate."""

    name: str
    seconds: Number
    groups: dict[str, OpacityFigures]
    cases: list[OpacityCase]


class SplitEvents(Part):
    """Events of one split."""

    name: str
    confirmations: list[Confirmation]
    families: dict[str, Share]
    look_alikes: dict[str, LookAlikeFigures]
    faults: FaultFigures | None


class Code(Part):
    """The commit that was run; `is_dirty` where files differed from it."""

    commit: str
    is_dirty: bool

    @classmethod
    def here(cls) -> Self | None:
        """Return what this package was loaded from; ``None`` where that is no checkout."""
        folder = Path(__file__).parent
        try:
            commit, changes = (
                _git(folder, *words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno"))
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return cls(commit=commit, is_dirty=bool(changes))


class SceneTimings(Part):
    """
    Wall-clock and processor seconds of this run; with the machine, all that differs between two runs of the same.

    Wall-clock times are none of a result that was put together from several runs.
    """

    rendering_s: Number | None
    rendering_cpu_s: Number
    events_s: Number | None
    opacity_s: Number | None


class ScenesResult(Part):
    """The whole file."""

    format: Literal["plumewatch.scenes/2"] = "plumewatch.scenes/2"
    plumewatch: str
    code: Code | None
    machine: Machine
    model: ModelUsed
    runtime: RuntimeUsed
    images: ImageFigures | None = None
    sequences: list[SequenceFigures]
    events: list[SplitEvents]
    opacity: list[SplitOpacity]
    timings: SceneTimings

    def as_json(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(indent=1) + "\n"


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def read_scenes_result(path: Path) -> ScenesResult:
    """Return the result in a file; raise `BenchmarkError`."""
    return read_as(ScenesResult, path, "scenes")


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed; ``None`` of nothing."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None
