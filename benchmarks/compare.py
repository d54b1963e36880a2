"""
Two results of one benchmark side by side, and which differences are more than chance.

The interval of a difference is put together from both figures' own (MOVER: Newcombe 1998, Zou and Donner 2008), as if
the two runs had seen different pictures. They saw the same ones, so it is wider than it need be: a difference called
clear is one.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.accuracy.deciders import SHIPPED
from benchmarks.accuracy.figures import Estimate, Part, Rate, Share
from benchmarks.accuracy.result import AccuracyResult, ClipFigures, ImageFigures, SequenceFigures, read_result
from benchmarks.clips.corpus import Clip
from benchmarks.errors import BenchmarkError
from benchmarks.scene_bench.result import (
    SCENES_FORMAT,
    OpacityFigures,
    PerDay,
    ScenesResult,
    SplitEvents,
    read_scenes_result,
)

SAME_WEIGHTS_TOLERANCE = 0.005
"""By how much a headline figure of the *same* weights may fall: rounding may tip one alarm in 225 pictures (0.0044)."""


OTHER_DATA = "the baseline was measured on other pictures or clips: measure it again on these"

Result = AccuracyResult | ScenesResult


class Verdict(StrEnum):
    """What a difference means."""

    BETTER = "better"
    WORSE = "worse"
    WITHIN = "within the interval"


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One figure of a result.

    Attributes:
        key: its place in the file.

        value, low, high: the figure and its interval.

        is_error: less is better.

        is_headline: of the whole set.

        unit: what follows the number.
    """

    key: str
    value: float
    low: float
    high: float
    is_error: bool = False
    is_headline: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure in both results; `low` to `high` is the interval of `change` (after minus before)."""

    before: Figure
    after: Figure
    change: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Whether the change is more than chance, and in which direction."""
        if self.low <= 0 <= self.high:
            return Verdict.WITHIN
        return Verdict.WORSE if (self.change < 0) != self.after.is_error else Verdict.BETTER


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    Two results.

    Attributes:
        before, after: which they are.

        differences: of every figure that both have.

        is_same_data: both saw the same pictures and clips, or clips of the same rendered scenes.

        is_same_film: the clips are the same byte for byte, not encoded anew.

        is_same_model: both ran the same weights at the same size and threshold, in the same engine and precision.
    """

    before: Result
    after: Result
    differences: tuple[Difference, ...]
    is_same_data: bool
    is_same_film: bool
    is_same_model: bool

    def regressions(self) -> list[Difference]:
        """
        Return what got worse: beyond its interval, or, with the same model on the same bytes, any headline by 0.005.

        Raises `BenchmarkError` where the two did not see the same data.
        """
        if not self.is_same_data:
            raise BenchmarkError(OTHER_DATA)
        return [one for one in self.differences if one.verdict is Verdict.WORSE or self._fell(one)]

    def _fell(self, one: Difference) -> bool:
        loss = one.change if one.after.is_error else -one.change
        limit = SAME_WEIGHTS_TOLERANCE if one.after.unit == "" else math.inf
        return self.is_same_model and self.is_same_film and one.after.is_headline and loss > limit

    def table(self) -> str:
        """Return the comparison as lines for people."""
        lines = [f"before  {_title(self.before)}", f"after   {_title(self.after)}"]
        if not self.is_same_data:
            lines.append("NOTE    not the same pictures or clips: the differences also hold those of the data")
        wide = max((len(one.after.key) for one in self.differences), default=6)
        lines.append(f"\n{'figure':<{wide}}  {'before':>8} {'after':>8} {'change':>8}  95 % interval")
        for one in self.differences:
            sign = {Verdict.BETTER: "better", Verdict.WORSE: "WORSE", Verdict.WITHIN: ""}[one.verdict]
            lines.append(
                f"{one.after.key:<{wide}}  {one.before.value:>8.3f} {one.after.value:>8.3f} {one.change:>+8.3f}  "
                f"{one.low:+.3f} to {one.high:+.3f}  {sign}".rstrip()
            )
        clear = sum(one.verdict is not Verdict.WITHIN for one in self.differences)
        return "\n".join([*lines, f"\n{clear} of {len(self.differences)} differences are beyond their interval"])

    def as_json(self) -> str:
        """Return the comparison as the text of a file."""
        about = {
            "format": "plumewatch.comparison/1",
            "before": self.before.model.model_dump(),
            "after": self.after.model.model_dump(),
            "is_same_data": self.is_same_data,
            "differences": [
                {
                    "figure": one.after.key,
                    "before": one.before.value,
                    "after": one.after.value,
                    "change": round(one.change, 5),
                    "low": round(one.low, 5),
                    "high": round(one.high, 5),
                    "verdict": one.verdict,
                }
                for one in self.differences
            ],
        }
        return json.dumps(about, indent=1) + "\n"


def compare(before: Result, after: Result) -> Comparison:
    """Return two results side by side; raise `BenchmarkError` where they have no figure in common."""
    if type(before) is not type(after):
        raise BenchmarkError("the two results are of different benchmarks")
    earlier = {figure.key: figure for figure in figures(before)}
    differences = [_difference(earlier[figure.key], figure) for figure in figures(after) if figure.key in earlier]
    if not differences:
        raise BenchmarkError("the two results have no figure in common")
    return Comparison(
        before,
        after,
        tuple(differences),
        is_same_data=_data(before) == _data(after) and is_same_scenes(clips_of(before), clips_of(after)),
        is_same_film=_film(before) == _film(after),
        is_same_model=_ran(before) == _ran(after),
    )


def figures(result: Result) -> Iterator[Figure]:
    """Yield every figure of a result that has a value and an interval, the headlines first."""
    if isinstance(result, ScenesResult):
        for events in result.events:
            yield from _event_figures(events)
        for opacity in result.opacity:
            for name, group in opacity.groups.items():
                yield from _opacity_figures(f"{opacity.name}.opacity.{name}", group, is_headline=name == "all")
        return
    if result.images is not None:
        yield from _image_figures(result.images)
    for one in result.sequences:
        yield from _sequence_figures(one)


def _event_figures(events: SplitEvents) -> Iterator[Figure]:
    for row in events.confirmations:
        key, is_shipped = f"{events.name}.{row.decider}", row.decider == SHIPPED.name
        yield from _figure(f"{key}.event_recall", row.event_recall, is_headline=is_shipped)
        yield from _figure(f"{key}.false_leads_per_day", row.false_leads, is_error=True, is_headline=is_shipped)
    for name, recall in events.families.items():
        yield from _figure(f"{events.name}.families.{name}.event_recall", recall)
    for name, one in events.look_alikes.items():
        yield from _figure(f"{events.name}.look_alikes.{name}", one.scenes_with_false_leads, is_error=True)
    if events.faults is not None:
        yield from _figure(f"{events.name}.faults.told", events.faults.told)
        yield from _figure(f"{events.name}.faults.scenes_with_leads", events.faults.scenes_with_leads, is_error=True)


def _opacity_figures(key: str, group: OpacityFigures, *, is_headline: bool) -> Iterator[Figure]:
    yield from _figure(f"{key}.mean_error", group.mean_error, is_error=True, is_headline=is_headline)
    yield from _figure(f"{key}.read", Share.of(group.numbers, group.cases))


def _image_figures(images: ImageFigures) -> Iterator[Figure]:
    for name in ("map50", "map50_95", "precision", "recall", "image_recall", "false_alarms"):
        yield from _figure(name, getattr(images, name), is_error=name == "false_alarms", is_headline=True)
    for name, one in images.classes.items():
        for part in ("ap50", "ap50_95", "precision", "recall"):
            yield from _figure(f"classes.{name}.{part}", getattr(one, part))
    for name, size in images.sizes.items():
        yield from _figure(f"sizes.{name}.map50", size.map50)
    for name, group in images.groups.items():
        yield from _figure(f"groups.{name}.map50", group.map50)
        yield from _figure(f"groups.{name}.image_recall", group.image_recall)
    for name, share in images.look_alikes.items():
        yield from _figure(f"look_alikes.{name}", share, is_error=True)


def _sequence_figures(one: SequenceFigures) -> Iterator[Figure]:
    for decider in one.deciders:
        row = next((row for row in decider.rows if row.threshold == one.shipped_threshold), None)
        if row is not None:
            key, is_shipped = f"{one.name}.{decider.name}", decider.name == SHIPPED.name
            yield from _figure(f"{key}.event_recall", row.event_recall, is_headline=is_shipped)
            rate = row.false_leads
            yield from _figure(f"{key}.false_leads_per_hour", rate, is_error=True, is_headline=is_shipped)


def _figure(key: str, part: Part, *, is_error: bool = False, is_headline: bool = False) -> Iterator[Figure]:
    match part:
        case Estimate(value=float(value), low=low, high=high) | Share(value=float(value), low=low, high=high):
            yield Figure(key, value, low, high, is_error, is_headline)
        case Rate(per_hour=float(value), low=low, high=float(high)):
            yield Figure(key, value, low, high, is_error, is_headline, unit="/h")
        case PerDay(value=float(value), low=low, high=float(high)):
            yield Figure(key, value, low, high, is_error, is_headline, unit="/d")


def _difference(before: Figure, after: Figure) -> Difference:
    change = after.value - before.value
    low = change - math.hypot(after.value - after.low, before.high - before.value)
    high = change + math.hypot(after.high - after.value, before.value - before.low)
    return Difference(before, after, change, low, high)


def _data(result: Result) -> tuple[object, ...]:
    """Return what was shown but for the clips themselves."""
    if isinstance(result, ScenesResult):
        return tuple((one.name, case.scene, case.bit_rate, case.true) for one in result.opacity for case in one.cases)
    images = None if result.images is None else (result.images.data.sha256, result.images.settings)
    return images, {name: clip.events for name, clip in clips_of(result).items()}


def clips_of(result: Result) -> dict[tuple[str, str], ClipFigures]:
    """Return the clips of a result by the names of their set and file."""
    return {(one.name, name): clip for one in result.sequences for name, clip in one.clips.items()}


def is_same_scenes(
    before: Mapping[tuple[str, str], ClipFigures], after: Mapping[tuple[str, str], ClipFigures | Clip]
) -> bool:
    """Return whether these are the same clips: by the scene where both name it, else by their bytes."""
    return before.keys() == after.keys() and all(
        one.rendered_from == after[key].rendered_from
        if one.rendered_from and after[key].rendered_from
        else one.sha256 == after[key].sha256
        for key, one in before.items()
    )


def _film(result: Result) -> dict[tuple[str, str], str]:
    return {key: clip.sha256 for key, clip in clips_of(result).items()}


def _ran(result: Result) -> tuple[object, ...]:
    return result.model, result.runtime.engine, result.runtime.precision


def _title(result: Result) -> str:
    model, runtime = result.model, result.runtime
    return (
        f"{model.name} {model.version} at {model.long_side_px} px, threshold {model.threshold:g} "
        f"({runtime.engine} {runtime.precision}, weights {model.weights_sha256[:12]})"
    )


def read_any(path: Path) -> Result:
    """Return the result in a file, of whichever benchmark; raise `BenchmarkError`."""
    try:
        is_scenes = SCENES_FORMAT in path.read_text(encoding="utf-8")[:200]
    except (OSError, UnicodeDecodeError):
        is_scenes = False
    return read_scenes_result(path) if is_scenes else read_result(path)
