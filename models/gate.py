"""
The gate's scales: two results of ``plumewatch bench accuracy`` laid side by side, measured on the same images.

A figure is worse when it lies outside the 95 % interval of the old one, on the bad side (decision 0017).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from models.detector import ModelError

FORMAT = "plumewatch.accuracy/1"

SETTINGS = ("threshold", "long_side_px", "nms_iou")
"""What a result must have been measured with as the registry's table has it: another threshold is another model."""

FEWEST = 10
"""Pictures with labels below which the share of them that are noticed refuses nobody, as with average precision."""


class PromotionError(ModelError):
    """The results do not belong to the two models, or were not measured on the same images."""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One figure of a result with its 95 % interval.

    Attributes:
        value: What was measured, in [0, 1].

        low: Lower end of the interval; 0 with `high` 1 where the images are too few to say anything.

        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """
    What the gate reads of one result file.

    Attributes:
        model: Name and version.

        weights_sha256: Of the weights that were measured.

        settings: What `SETTINGS` were at.

        limit: The most images that were wanted; none for all.

        data_sha256: Of the images they were measured on.

        gains: Figures that should be high, whole and by group: mAP50, and pictures noticed at the threshold.

        harms: Figures that should be low: false alarms, whole and by look-alike.

        sha256: Of the file.
    """

    model: str
    weights_sha256: str
    settings: Mapping[str, float]
    limit: int | None
    data_sha256: str
    gains: Mapping[str, Figure]
    harms: Mapping[str, Figure]
    sha256: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the result in `path`; raise `PromotionError` when it is no result with figures by group."""
        content = path.read_bytes()
        try:
            table = json.loads(content)
            if table["format"] != FORMAT:
                message = f"{path}: expected a result of format {FORMAT}, got {table['format']!r}"
                raise PromotionError(message)
            images, model = table["images"], table["model"]
            groups = {"": images} | {f" of {name}": group for name, group in images["groups"].items()}
            kinds = {"": images["false_alarms"]} | {f" on {name}": kind for name, kind in images["look_alikes"].items()}
            gains = {f"mAP50{where}": _figure(group["map50"]) for where, group in groups.items()}
            gains |= {f"noticed{where}": _noticed(group["image_recall"]) for where, group in groups.items()}
            harms = {f"false alarms{where}": _figure(kind) for where, kind in kinds.items()}
            return cls(
                model=f"{model['name']} {model['version']}",
                weights_sha256=model["weights_sha256"],
                settings={key: float(model[key]) for key in SETTINGS},
                limit=images["settings"]["limit"],
                data_sha256=images["data"]["sha256"],
                gains=gains,
                harms=harms,
                sha256=hashlib.sha256(content).hexdigest(),
            )
        except (KeyError, TypeError, ValueError) as error:
            message = f"{path}: not a result of `plumewatch bench accuracy` on labelled pictures: {error!r}"
            raise PromotionError(message) from None


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The gate's verdict.

    Attributes:
        worse: Figures on which the new model is worse beyond the interval of the old one, as sentences.

        better: Figures on which it is better beyond that interval.

        unsaid: Figures the images are too few for, or that only one of the results has.
    """

    worse: tuple[str, ...]
    better: tuple[str, ...]
    unsaid: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return whether nothing is worse."""
        return not self.worse


def weigh(new: Result, old: Result) -> Verdict:
    """Return the verdict on `new` replacing `old`; raise `PromotionError` when they were measured on other images."""
    if new.data_sha256 != old.data_sha256:
        message = f"the results were measured on different images: {new.data_sha256[:12]} and {old.data_sha256[:12]}"
        message += ": measure the old model on what the new one's run kept back (bench accuracy --kept-back)"
        raise PromotionError(message)
    worse: list[str] = []
    better: list[str] = []
    unsaid: list[str] = []
    for news, olds, sign in ((new.gains, old.gains, 1), (new.harms, old.harms, -1)):
        unsaid += sorted(set(news) ^ set(olds))
        for name in sorted(set(news) & set(olds)):
            ours, theirs = news[name], olds[name]
            if (theirs.low, theirs.high) == (0.0, 1.0):
                unsaid.append(name)
            elif not theirs.low <= ours.value <= theirs.high:
                line = f"{name}: {ours.value:.3f} against {theirs.value:.3f} ({theirs.low:.3f} to {theirs.high:.3f})"
                (better if (ours.value - theirs.value) * sign > 0 else worse).append(line)
    return Verdict(tuple(worse), tuple(better), tuple(unsaid))


def _figure(table: Mapping[str, Any]) -> Figure:
    """Return the figure; where nothing was counted, an empty one."""
    if table["value"] is None:
        return Figure(0.0, 0.0, 1.0)
    return Figure(float(table["value"]), float(table["low"]), float(table["high"]))


def _noticed(share: Mapping[str, Any]) -> Figure:
    figure = _figure(share)
    return figure if share["count"] >= FEWEST else Figure(figure.value, 0.0, 1.0)
