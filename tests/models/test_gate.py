"""The gate's scales: when a figure is worse, and when nothing can be said of it."""

import json
from pathlib import Path

import pytest

from models.gate import Result, weigh
from tests.models.results import figure, result

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
OLD, NEW = b"old weights", b"new weights"


@pytest.mark.parametrize(
    ("group", "fog", "noticed", "worse"),
    [
        (0.58, 0.12, 0.87, []),  # lower, but within what the old result calls likely
        (0.9, 0.0, 1.0, []),
        (0.54, 0.1, 0.9, ["mAP50 of yard"]),
        (0.6, 0.1, 0.84, ["noticed of yard"]),
        (0.6, 0.16, 0.9, ["false alarms on fog"]),
        (0.54, 0.16, 0.9, ["mAP50 of yard", "false alarms on fog"]),
    ],
)
def test_a_figure_is_worse_outside_the_old_interval(
    tmp_path: Path, group: float, fog: float, noticed: float, worse: list[str]
) -> None:
    """A drop in precision or in pictures noticed, or a rise in alarms, counts once it leaves the old interval."""
    old = Result.read(result(tmp_path / "old.json", OLD))
    new = Result.read(result(tmp_path / "new.json", NEW, group=group, fog=fog, noticed=noticed))
    assert [line.split(":")[0] for line in weigh(new, old).worse] == worse


def test_what_too_few_images_show_cannot_refuse(tmp_path: Path) -> None:
    """An interval from 0 to 1, a share of nine pictures, and a share of none say nothing, and the verdict says so."""
    path = result(tmp_path / "old.json", OLD)
    whole = json.loads(path.read_text(encoding="utf-8"))
    yard = whole["images"]["groups"]["yard"]
    yard["map50"], yard["image_recall"]["count"] = figure(0.9, 0.0, 1.0), 9
    whole["images"]["false_alarms"] = {"value": None, "low": 0.0, "high": 1.0}
    path.write_text(json.dumps(whole), encoding="utf-8")
    verdict = weigh(Result.read(result(tmp_path / "new.json", NEW, group=0.1, noticed=0.1)), Result.read(path))
    assert verdict.passed
    assert verdict.unsaid == ("mAP50 of yard", "noticed of yard", "false alarms")


def test_a_higher_threshold_is_no_better_model(tmp_path: Path) -> None:
    """The shipped result as its own sweep has it at 0.6: no false alarm, and a third of the smoke no longer noticed."""
    shipped = RESULTS / "accuracy-emissions-v8s.json"
    whole = json.loads(shipped.read_text(encoding="utf-8"))
    (row,) = (row for row in whole["images"]["sweep"] if row["threshold"] == 0.6)
    whole["images"] |= {key: row[key] for key in ("precision", "recall", "image_recall", "false_alarms")}
    strict = tmp_path / "strict.json"
    strict.write_text(json.dumps(whole), encoding="utf-8")
    verdict = weigh(Result.read(strict), Result.read(shipped))
    assert [line.split(":")[0] for line in verdict.worse] == ["noticed"]
    assert [line.split(":")[0] for line in verdict.better] == ["false alarms"]
