"""Whole runs on a drawn data set: what they write, take up, release and refuse."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training import weights  # noqa: E402
from models.training.pictures.corpus import Sources  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES  # noqa: E402
from models.training.pruning import class_width  # noqa: E402
from models.training.recipe import Distillation, Recipe, Synthesis  # noqa: E402
from models.training.student import class_branch  # noqa: E402
from models.training.train import RunOptions, run_recipe  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402
from tests.models.training.networks import TINY  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


def test_a_run_writes_weights_curve_and_record(tmp_path: Path) -> None:
    """From drawn images to a checkpoint that loads again and a record with figures, in seconds on a CPU."""
    draw(tmp_path / "data")
    recipe = Recipe(
        "tiny", "yolov8n.yaml", width=TINY, initial="random", budget_s=1.0, batch=4, side_px=64, optimiser="adamw",
        synthesis=Synthesis(slots=4),
    )  # fmt: skip
    folder = run_recipe(recipe, RunOptions(sources=Sources(tmp_path / "data"), out=tmp_path, workers=1))
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["recipe"]["name"] == "tiny"
    assert record["curve"][-1]["step"] >= 1
    assert record["figures"]["val"]["images"] == 4
    assert weights.load(tmp_path / "tiny" / "last.pt").names == dict(enumerate(CLASS_NAMES))


def test_a_run_that_was_over_is_taken_up_without_another_row(tmp_path: Path) -> None:
    """Resumed once its schedule is over it learns nothing more and validates nothing again; longer, it goes on."""
    draw(tmp_path / "data")
    recipe = Recipe(
        "tiny", "yolov8n.yaml", width=TINY, initial="random", budget_s=1.0, batch=4, side_px=64, optimiser="adamw"
    )
    options = RunOptions(sources=Sources(tmp_path / "data"), out=tmp_path, workers=1)

    def curve(options: RunOptions) -> list[dict[str, float]]:
        folder = run_recipe(recipe, options)
        return list(json.loads((folder / "run.json").read_text(encoding="utf-8"))["curve"])

    first = curve(options)
    assert curve(replace(options, resume=True)) == first
    longer = curve(replace(options, resume=True, budget_s=first[-1]["elapsed_s"] + 3.0))
    assert longer[: len(first)] == first
    assert longer[-1]["step"] > first[-1]["step"]


def test_what_is_released_lies_between_the_first_and_the_last(tmp_path: Path) -> None:
    """With a blend of a quarter every weight is a quarter of its way from the given file's to the last one's."""
    draw(tmp_path / "data")
    first = tmp_path / "first.pt"
    weights.save(weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY), first, {})
    recipe = Recipe(
        "tiny", "yolov8n.yaml", initial="load", budget_s=1.0, batch=4, side_px=64, optimiser="adamw", blend=0.25,
        learning_rate=0.01, warmup=0.0, ema=0.5, ema_ramp=1.0, synthesis=Synthesis(slots=4),
    )  # fmt: skip
    folder = run_recipe(recipe, RunOptions(sources=Sources(tmp_path / "data"), out=tmp_path, initial=first, workers=1))
    start, last, released = (
        weights.load(path).state_dict() for path in (first, folder / "last.pt", folder / "released.pt")
    )
    moved = [name for name, value in start.items() if value.is_floating_point() and not torch.equal(value, last[name])]
    assert len(moved) > 50
    for name in moved:
        wanted = start[name] + 0.25 * (last[name] - start[name])
        assert torch.allclose(released[name], wanted, rtol=2e-3, atol=1e-4), name


def test_a_run_learns_from_its_teacher_alone(tmp_path: Path) -> None:
    """A narrowed student of a teacher alone is released in its own shape; without a teacher it is refused."""
    draw(tmp_path / "data")
    first = weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY)
    weights.save(first, tmp_path / "first.pt", {})
    recipe = Recipe(
        "tiny", "yolov8n.yaml", initial="load", activation="hardswish", class_width=class_width(first) // 2,
        budget_s=1.0, batch=4, side_px=64, optimiser="adamw", synthesis=Synthesis(slots=0),
        distillation=Distillation(scores=1.0, boxes=0.5, alone=True),
    )  # fmt: skip
    options = RunOptions(Sources(tmp_path / "data"), tmp_path, initial=tmp_path / "first.pt", workers=1)
    with pytest.raises(ValueError, match="needs --teacher"):
        run_recipe(recipe, options)
    folder = run_recipe(recipe, replace(options, teacher=tmp_path / "first.pt"))
    row = json.loads((folder / "run.json").read_text(encoding="utf-8"))["curve"][-1]
    assert class_width(weights.load(folder / "released.pt")) == class_width(first) // 2
    assert {"scores_distance", "boxes_distance"} <= set(row)


def test_a_class_branch_learns_alone(tmp_path: Path) -> None:
    """All else is released to the last bit as it was, statistics included; the branch is another one."""
    draw(tmp_path / "data")
    first = tmp_path / "first.pt"
    weights.save(weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY), first, {})
    recipe = Recipe(
        "tiny", "yolov8n.yaml", initial="load", learns="class_branch", keeps_norms=True, height_px=32, budget_s=1.0,
        batch=4, side_px=64, optimiser="adamw", learning_rate=0.01, warmup=0.0, ema=0.5, ema_ramp=1.0,
        synthesis=Synthesis(slots=0), distillation=Distillation(scores=1.0, alone=True),
    )  # fmt: skip
    surer, teacher = weights.load(first), tmp_path / "teacher.pt"
    for name, parameter in surer.named_parameters():
        parameter.data += name.startswith(class_branch(surer)) and name.endswith("2.bias")
    weights.save(surer, teacher, {})
    options = RunOptions(Sources(tmp_path / "data"), tmp_path, initial=first, teacher=teacher, workers=1)
    folder = run_recipe(recipe, options)
    before, after = (weights.load(path).state_dict() for path in (first, folder / "released.pt"))
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed
    assert all(name.startswith(class_branch(surer)) and "running" not in name for name in changed), changed
