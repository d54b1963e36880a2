"""Figures of merit: hits, false alarms, thresholds."""

import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training.evaluate import accuracy, choose_threshold, false_alarms, image_recall, report  # noqa: E402
from models.training.pictures.dataset import Sample  # noqa: E402 - after the skip
from models.training.pictures.repair import Sightings  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]
BOX = [[0.2, 0.2, 0.6, 0.6]]


def sample(name: str, kinds: list[int]) -> Sample:
    xyxy = np.array(BOX * len(kinds), np.float32).reshape(-1, 4)
    return Sample(name, "val", Path(name), xyxy, np.array(kinds, np.int64))


def sightings(score: float, kind: int = 0, box: list[list[float]] | None = None) -> Sightings:
    if score == 0:
        return Sightings(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    return Sightings(np.array(box or BOX, np.float32), np.array([score], np.float32), np.array([kind], np.int64))


def test_no_labels_have_no_average_precision() -> None:
    """Without a single label there is nothing to average: not a number, not zero."""
    assert math.isnan(accuracy([sample("a", [])], {"a": sightings(0)}).map50)


@pytest.mark.parametrize(
    ("kind", "box", "expected"),
    [(0, BOX, 0.995), (1, BOX, 0.0), (0, [[0.6, 0.6, 0.9, 0.9]], 0.0)],
)
def test_a_hit_needs_class_and_place(kind: int, box: list[list[float]], expected: float) -> None:
    """A perfect detection scores 0.995 (101-point interpolation), a wrong class or place nothing."""
    figures = accuracy([sample("a", [0])], {"a": sightings(0.9, kind, box)})
    assert figures.map50 == pytest.approx(expected, abs=1e-3)


def test_the_threshold_keeps_false_alarms_in_bounds() -> None:
    """One of twenty negatives may alarm at the chosen threshold; a second one raises it."""
    negatives = [sample(str(number), []) for number in range(20)]
    seen = {str(number): sightings(0.0) for number in range(20)} | {"0": sightings(0.9)}
    assert choose_threshold(negatives, seen) == 0.05
    seen["1"] = sightings(0.4)
    assert choose_threshold(negatives, seen) == 0.41
    assert false_alarms(negatives, seen, 0.41).alarms == 1


def test_the_report_names_groups_and_look_alikes() -> None:
    """Groups with labels get accuracy and recall, groups with negatives get false alarms."""
    samples = [sample("liuzifan_1", [0]), sample("sky_fog1", [])]
    figures = report(samples, {"liuzifan_1": sightings(0.9), "sky_fog1": sightings(0)})
    assert image_recall(samples, {"liuzifan_1": sightings(0.9), "sky_fog1": sightings(0)}, 0.5) == 1.0
    assert list(figures["groups"]) == ["liuzifan"]  # type: ignore[call-overload]
    assert list(figures["look_alikes"]) == ["sky_fog"]  # type: ignore[call-overload]
