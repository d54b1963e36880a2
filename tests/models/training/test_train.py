"""A whole run on a drawn data set, and a slimmed model that equals its source at full width."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training import weights  # noqa: E402
from models.training.activation import SCALE, ActivationError, feature_scale, hardened, with_activation  # noqa: E402
from models.training.holding import class_branch, hold  # noqa: E402
from models.training.narrowing import NarrowingError, class_width, narrow  # noqa: E402
from models.training.objective import Objective  # noqa: E402
from models.training.pictures import store as stores  # noqa: E402 - after the skip
from models.training.pictures.batches import Batch, Batches  # noqa: E402
from models.training.pictures.corpus import Sources  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES, of_split, read_folder  # noqa: E402
from models.training.recipe import Augmentation, Distillation, Recipe, RecipeError, Synthesis  # noqa: E402
from models.training.schedule import Deck  # noqa: E402
from models.training.slimming import slim, weigh  # noqa: E402
from models.training.train import RunOptions, run_recipe  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]
TINY = 0.0625


def test_a_deck_deals_every_row_and_repeats_as_told() -> None:
    """In one epoch each row appears as often as its weight says."""
    deck = Deck(torch.tensor([1.0, 2.0, 1.0]), seed=0)
    assert deck.deal(4).bincount().tolist() == [1, 2, 1]
    assert deck.epoch == 0
    deck.deal(4)
    assert deck.epoch == 1


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


def test_slimming_to_the_same_width_changes_nothing(tmp_path: Path) -> None:
    """Cutting no channel gives the very same answers."""
    samples = of_split(read_folder(draw(tmp_path)), "train")
    store = stores.fill(samples, 64, torch.device("cpu"), workers=1)
    rows = torch.arange(4)
    batch = Batches(store, Augmentation(), seed=0).draw(rows, rows[:, None].expand(-1, 3), plain=True)
    large, small = (weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY) for _ in range(2))
    large.args = weights.hyperparameters(0.5)
    slim(large, small, weigh(large, Distillation(), [batch]))
    with torch.no_grad():
        ours, theirs = (model.eval()(batch.images)[0] for model in (small, large))
    assert float((ours - theirs).abs().max()) == 0.0


@pytest.mark.parametrize("first", [0, 3])
def test_a_network_is_hardened_by_a_scale_that_only_the_activation_feels(tmp_path: Path, first: int) -> None:
    """With the SiLUs put back behind the scale it computes what it did before; its checkpoint keeps the Hardswish."""

    class Scaled(torch.nn.Module):
        def forward(self, x: "torch.Tensor") -> "torch.Tensor":
            return SCALE * torch.nn.functional.silu(x / SCALE)

    model = weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY).eval()
    picture = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = model(picture)[0]
        hard = with_activation(model, "hardswish", first)
        close = hard(picture)[0]
        weights.save(hard, tmp_path / "hard.pt", {})
        assert torch.equal(with_activation(hard, "hardswish", first)(picture)[0], close)  # only once
        for part in hard.modules():
            if isinstance(getattr(part, "act", None), torch.nn.Hardswish):
                part.act = Scaled()
        same = hard(picture)[0]
    assert torch.allclose(same, before, rtol=1e-3, atol=1e-4)
    assert not torch.equal(close, before)
    kept = weights.load(tmp_path / "hard.pt")
    assert {int(name.split(".")[1]) for name in hardened(kept)} == set(range(first or 23)) - {10, 11, 13, 14, 17, 20}
    assert any(isinstance(part, torch.nn.SiLU) for part in kept.modules()) == bool(first)


def test_a_network_is_hardened_where_that_can_be_taken_out_again() -> None:
    """Not where later modules read what was scaled, not beyond its end, and no part of it twice."""
    for first in (5, 24, -1):
        with pytest.raises(ActivationError, match="not read by the next one alone"):
            with_activation(weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY), "hardswish", first)
    half = with_activation(weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY), "hardswish", 3)
    with pytest.raises(ActivationError, match="has Hardswish already"):
        with_activation(half, "hardswish")


def batch_and_model(folder: Path) -> tuple[Batch, "DetectionModel"]:
    """Return four drawn images as one batch, and a tiny network with the loss gains that an objective reads."""
    samples = of_split(read_folder(draw(folder)), "train")
    store = stores.fill(samples, 64, torch.device("cpu"), workers=1)
    rows = torch.arange(4)
    batch = Batches(store, Augmentation(), seed=0).draw(rows, rows[:, None].expand(-1, 3))
    model = weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY)
    model.args = weights.hyperparameters(0.5)
    return batch, model


def test_a_teacher_equal_to_the_student_adds_nothing(tmp_path: Path) -> None:
    """The distance to one's own answers is zero, to other answers it is not."""
    batch, model = batch_and_model(tmp_path)
    with torch.no_grad():
        answers = model.train()(batch.images)
        answers["scores"] = answers["scores"] + 10  # confident, so that the box term takes part
        other = answers | {"scores": answers["scores"] - 3, "boxes": answers["boxes"].roll(1, dims=1)}
        objective = Objective(model, replace(Distillation(), scores=1.0, boxes=1.0))
        same = objective(answers, batch, answers)[1]
        different = objective(answers, batch, other)[1]
    assert float(same["scores_distance"]) == pytest.approx(0, abs=1e-3)
    assert float(same["boxes_distance"]) == pytest.approx(0, abs=1e-2)
    assert float(different["boxes_distance"]) > 0.05


def test_a_teacher_that_teaches_alone_hears_no_label(tmp_path: Path) -> None:
    """To answer as it does costs nothing, whatever labels say; other features cost something; it must be asked."""
    batch, model = batch_and_model(tmp_path)
    objective = Objective(model, Distillation(scores=1.0, boxes=1.0, features=2.0, alone=True))
    with torch.no_grad():
        answers = model.train()(batch.images)
        other = answers | {"feats": [scale * 1.5 for scale in answers["feats"]]}
        alike, parts = objective(answers, batch, answers)
        apart = objective(answers, batch, other)[1]
    assert len(batch.class_id) > 0
    assert float(alike) == pytest.approx(0, abs=1e-2)
    assert set(parts) == {"scores_distance", "boxes_distance", "features_distance"}
    assert float(apart["features_distance"]) == pytest.approx(2 * (0.5 / 1.5) ** 2, rel=1e-4)
    with pytest.raises(ValueError, match="was not asked"):
        objective(answers, batch, None)


@pytest.mark.parametrize(("first", "scale"), [(0, SCALE), (3, 1.0)])
def test_features_that_are_larger_by_design_are_as_far_as_if_they_were_not(
    tmp_path: Path, first: int, scale: float
) -> None:
    """A network that was hardened whole hands its head more than its teacher does, and says the same by it."""
    batch, model = batch_and_model(tmp_path)
    assert feature_scale(model) == 1.0
    hard = with_activation(model, "hardswish", first)
    assert feature_scale(hard) == scale
    objective = Objective(hard, Distillation(scores=1.0, features=1.0, alone=True), feature_ratio=feature_scale(hard))
    with torch.no_grad():
        answers = hard.train()(batch.images)
        teacher = answers | {"feats": [each / scale for each in answers["feats"]]}
        assert float(objective(answers, batch, teacher)[1]["features_distance"]) == pytest.approx(0, abs=1e-9)


def test_a_narrowed_head_keeps_the_channels_that_matter(tmp_path: Path) -> None:
    """Where half of a class branch says nothing, cutting that half changes no answer; the checkpoint keeps the cut."""
    model = weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY).eval()
    whole = class_width(model)
    importance = {}
    with torch.no_grad():
        for branch in model.model[-1].cv3:
            for part in branch[:2]:
                said = torch.zeros(whole)
                said[::2] = 1.0
                importance[id(part.bn)] = said
                part.bn.weight[1::2] = part.bn.bias[1::2] = 0.0
        picture = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
        before = model(picture)[0]
        narrow(model, whole // 2, importance)
        weights.save(model, tmp_path / "narrow.pt", {})
        after = model(picture)[0]
    assert torch.allclose(after, before, rtol=1e-4, atol=1e-4)
    assert class_width(weights.load(tmp_path / "narrow.pt")) == whole // 2
    with pytest.raises(NarrowingError, match=f"has {whole // 2} channels: {whole} of them"):
        narrow(model, whole, importance)


def test_a_run_learns_from_its_teacher_alone(tmp_path: Path) -> None:
    """A narrowed student of a teacher alone is released in its own shape; without a teacher it is refused."""
    draw(tmp_path / "data")
    first = weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY)
    weights.save(first, tmp_path / "first.pt", {})
    recipe = Recipe(
        "tiny", "yolov8n.yaml", initial="load", activation="hardswish", class_width=class_width(first) // 2,
        budget_s=1.0, batch=4, side_px=64, optimiser="adamw", synthesis=Synthesis(slots=0),
        distillation=Distillation(scores=1.0, boxes=0.5, features=1.0, alone=True),
    )  # fmt: skip
    options = RunOptions(Sources(tmp_path / "data"), tmp_path, initial=tmp_path / "first.pt", workers=1)
    with pytest.raises(ValueError, match="needs --teacher"):
        run_recipe(recipe, options)
    folder = run_recipe(recipe, replace(options, teacher=tmp_path / "first.pt"))
    row = json.loads((folder / "run.json").read_text(encoding="utf-8"))["curve"][-1]
    assert class_width(weights.load(folder / "released.pt")) == class_width(first) // 2
    assert {"scores_distance", "boxes_distance", "features_distance"} <= set(row)


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


@pytest.mark.parametrize("keeps", [True, False])
def test_batch_norms_may_keep_what_they_know(keeps: bool) -> None:
    """They are then not moved by the pictures of a batch, and everything learns all the same."""
    recipe = Recipe("tiny", "yolov8n.yaml", keeps_norms=keeps)
    model = hold(weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY), recipe)
    before = {name: value.clone() for name, value in model.named_buffers() if "running" in name}
    model(torch.rand(2, 3, 32, 64))
    assert all(torch.equal(before[name], value) == keeps for name, value in model.named_buffers() if name in before)
    assert all(part.requires_grad for name, part in model.named_parameters() if ".dfl" not in name)


def test_a_class_branch_is_the_heads() -> None:
    """Convolutions of that name further up stay as they are; a network without such a branch is refused."""
    recipe = Recipe("tiny", "yolo11n.yaml", learns="class_branch")
    model = hold(weights.build("yolo11n.yaml", CLASS_NAMES, width=TINY), recipe)
    learning = {name for name, part in model.named_parameters() if part.requires_grad}
    assert learning
    assert all(name.startswith("model.23.cv3.") for name in learning)
    model.model.append(torch.nn.Identity())
    with pytest.raises(RecipeError, match="no class_branch that could learn"):
        hold(model, recipe)


def test_a_recipe_says_what_of_it_cannot_be(tmp_path: Path) -> None:
    """A teacher alone without a gain, and a narrowed head that is to lie halfway to the first weights, are refused."""
    wrong = {
        "[distillation]\nalone = true\n": "needs a gain",
        "class_width = 8\nblend = 0.5\n": "blend must be 1",
        'learns = "head"\n': "learns must be all or class_branch, got 'head'",
        "side_px = 64\nheight_px = 96\n": "height_px must be at most side_px",
        "height_px = 30\n": "multiples of 32",
    }
    for lines, said in wrong.items():
        path = tmp_path / "recipe.toml"
        path.write_text(f'name = "tiny"\narchitecture = "yolov8n.yaml"\n{lines}', encoding="utf-8")
        with pytest.raises(RecipeError, match=said):
            Recipe.read(path)
