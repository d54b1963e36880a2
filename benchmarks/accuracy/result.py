"""
The result of an accuracy run as a file: versioned, complete in itself, the same bytes for the same inputs.

Only `Timings` differ from run to run. Every share carries its counts, every estimate its 95 % interval.
"""

import statistics
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError

from benchmarks.accuracy.figures import Estimate, Number, Part, Rate, Share
from benchmarks.errors import BenchmarkError


class ModelUsed(Part):
    """The model as it was run; `threshold` is that of the figures of pictures, clips are judged by the rules' own."""

    name: str
    version: str
    weights_sha256: str
    weights_format: str
    class_names: tuple[str, ...]
    long_side_px: int
    threshold: float
    nms_iou: float


class RuntimeUsed(Part):
    """What ran it."""

    engine: str
    version: str
    device: str
    precision: str


class ImageSettings(Part):
    """How the figures were taken: see docs/benchmarks.md."""

    average_precision: Literal["coco-101"] = "coco-101"
    curve_nms_iou: float
    curve_floor: float
    max_detections: int
    resamples: int
    seed: int
    limit: int | None


class Portion(StrEnum):
    """Which part of a folder was looked at: its own validation part, what the run kept back of it, or all of it."""

    VALIDATION = "validation"
    KEPT_BACK = "kept back"
    ALL = "all"


class ImageSet(Part):
    """The pictures: `sha256` is over names, labels and bytes of those looked at. Old files do not tell the portion."""

    sha256: str
    portion: Portion | None = None
    images: int
    negatives: int
    boxes: dict[str, int]
    held_images: int
    street_images: int


class Curve(Part):
    """Precision over recall at IoU 0.5, and the confidence at which each point is reached; thinned to be drawn."""

    recall: list[Number]
    precision: list[Number]
    confidence: list[Number]


class ClassFigures(Part):
    """One class on the validation split; precision and recall are of boxes at the threshold, IoU 0.5."""

    boxes: int
    ap50: Estimate
    ap50_95: Estimate
    precision: Share
    recall: Share
    curve: Curve


class SizeFigures(Part):
    """Objects of one size class."""

    boxes: int
    map50: Estimate
    map50_95: Number | None


class GroupFigures(Part):
    """One source of pictures with something in them; `image_recall`: those in which anything is detected."""

    images: int
    boxes: int
    map50: Estimate
    map50_95: Number | None
    box_recall: Share
    image_recall: Share


class SweepRow(Part):
    """What another threshold would give, on the validation split."""

    threshold: Number
    precision: Share
    recall: Share
    f1: Number | None
    image_recall: Share
    false_alarms: Share


class Mistake(Part):
    """A picture that the model gets wrong; `xyxy` in its pixels: the box reported, or the label missed."""

    name: str
    group: str
    class_name: str
    confidence: Number
    xyxy: tuple[Number, Number, Number, Number]


class Mistakes(Part):
    """The surest false alarms in pictures with nothing to find; the largest labels that nothing answers, by picture."""

    false_alarms: list[Mistake]
    misses: list[Mistake]


class ImageFigures(Part):
    """Figures of single pictures: the validation split, and groups held out of training beside it (`*_held`)."""

    settings: ImageSettings
    data: ImageSet
    map50: Estimate
    map50_95: Estimate
    precision: Share
    recall: Share
    image_recall: Share
    false_alarms: Share
    classes: dict[str, ClassFigures]
    sizes: dict[str, SizeFigures]
    groups: dict[str, GroupFigures]
    look_alikes: dict[str, Share]
    sweep: list[SweepRow]
    mistakes: Mistakes


class Delay(Part):
    """Seconds from the start of an event to its confirmed lead, over the events found."""

    least: Number
    median: Number
    most: Number

    @classmethod
    def of(cls, delays_s: Sequence[float]) -> Self | None:
        """Return the delays' figures; ``None`` of none."""
        if not delays_s:
            return None
        return cls(least=min(delays_s), median=statistics.median(delays_s), most=max(delays_s))


class DeciderRow(Part):
    """One decider at one threshold."""

    threshold: Number
    event_recall: Share
    confirm_s: Delay | None
    false_leads: Rate
    clips_with_false_leads: Share


class DeciderFigures(Part):
    """A way to turn boxes into leads: rule keys that differ from the shipped ones, and what they give."""

    name: str
    keys: dict[str, float | str]
    rows: list[DeciderRow]


class LeadSeen(Part):
    """A lead of the shipped rules; `event` is the index of the event it tells of, none where it is false."""

    class_name: str
    first_s: Number
    confirmed_s: Number
    confidence: Number
    event: int | None


class EventTruth(Part):
    """What happens in a clip: a lead of one of `classes` between `start_s` and `end_s` tells of it."""

    classes: tuple[str, ...]
    start_s: Number
    end_s: Number


class ClipFigures(Part):
    """
    One clip: what happens in it and what the shipped rules made of it. `is_unclear` clips count nowhere.

    `rendered_from` is the key of a rendered scene (`benchmarks.scenes.film.key_of`); none for films, and in files from
    before 27 November 2026.
    """

    sha256: str
    rendered_from: str | None = None
    seconds: Number
    is_unclear: bool
    events: list[EventTruth]
    leads: list[LeadSeen]


class SequenceFigures(Part):
    """Figures of whole clips, as the worker would see them; false leads are counted over the time outside events."""

    name: str
    analysis_fps: float
    shipped_threshold: float
    linger_s: float
    seconds: Number
    quiet_s: Number
    clips: dict[str, ClipFigures]
    deciders: list[DeciderFigures]

    @property
    def missed(self) -> list[tuple[str, EventTruth]]:
        """The events of which no lead of the shipped rules tells, with the names of their clips."""
        return [
            (name, event)
            for name, clip in self.clips.items()
            for number, event in enumerate(clip.events)
            if all(lead.event != number for lead in clip.leads)
        ]

    @property
    def false(self) -> list[tuple[str, LeadSeen]]:
        """The leads of the shipped rules that tell of no event, with the names of their clips."""
        return [(name, lead) for name, clip in self.clips.items() for lead in clip.leads if lead.event is None]


class Timings(Part):
    """Wall-clock seconds of this run; the only figures that differ between two runs of the same."""

    images_s: Number | None
    sequences_s: Number | None


class AccuracyResult(Part):
    """The whole file."""

    format: Literal["plumewatch.accuracy/1"] = "plumewatch.accuracy/1"
    plumewatch: str
    model: ModelUsed
    runtime: RuntimeUsed
    images: ImageFigures | None
    sequences: list[SequenceFigures]
    timings: Timings

    def as_json(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(indent=1) + "\n"


Document = TypeVar("Document", bound=BaseModel)


def read_as(kind: type[Document], path: Path, benchmark: str) -> Document:
    """Return the result of a benchmark in a file; raise `BenchmarkError`."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BenchmarkError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(key) for key in first["loc"]) or "the file"
        raise BenchmarkError(f"{path}: not a result of bench {benchmark} ({where}: {first['msg']})") from error


def read_result(path: Path) -> AccuracyResult:
    """Return the accuracy result in a file; raise `BenchmarkError`."""
    return read_as(AccuracyResult, path, "accuracy")
