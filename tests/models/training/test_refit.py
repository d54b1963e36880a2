"""Refitting after another activation: closer to the teacher, the same every time, and never from pictures kept back."""

import json
import math
import shutil
from collections.abc import Iterator
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)
pytest.importorskip("onnx")

from models.training import ridge, weights  # noqa: E402 - after the skip
from models.training.activation import SCALE, with_activation  # noqa: E402
from models.training.layers import LayerError, layers, patches  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES, DatasetError, of_split, read_folder  # noqa: E402
from models.training.recipe import Recipe, RecipeError  # noqa: E402
from models.training.reconstruction import Reconstruction, ReconstructionError, show  # noqa: E402
from models.training.refit import Pictures, assemble, choose, main, share_out  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402
from tests.models.training.networks import scattered  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]
RECIPE = """
name = "tiny"
architecture = "yolov8n.yaml"
activation = "hardswish"
batch = 3
side_px = 64
held = []
"""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute on one thread: several wait for each other where other programs run, and layers are tiny."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of a network whose scores are not alike."""
    return scattered(tmp_path_factory.mktemp("refit") / "start.pt")


def hardened(checkpoint: Path) -> tuple[Any, Any]:
    """Return the network of a checkpoint, and the same with another activation."""
    teacher = weights.load(checkpoint).eval()
    return teacher, with_activation(deepcopy(teacher), "hardswish").eval()


def recipe(folder: Path) -> Path:
    """Write the recipe of a tiny run."""
    path = folder / "tiny.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_a_fit_finds_a_linear_map_and_a_judge_the_strength() -> None:
    """Exact where rows are exact, tighter with a stronger ridge; no change is chosen where any would be worse."""
    generator = torch.Generator().manual_seed(1)
    x, true = torch.randn(200, 5, generator=generator) + 3, torch.randn(5, 2, generator=generator)
    rows = ridge.Moments.empty(5, 2)
    for part in x.split(64):
        rows.add(part, part @ true + 0.5)
    exact = ridge.fit(rows, 0.0)
    assert torch.allclose(exact.weight, true.double(), atol=1e-4)
    assert torch.allclose(exact.offset, torch.full((2,), 0.5, dtype=torch.float64), atol=1e-4)
    assert ridge.fit(rows, 1.0).weight.norm() < exact.weight.norm()
    correction = ridge.fit(rows, 0.1)
    left = (x.double() @ (true - correction.weight) + 0.5 - correction.offset).square().mean()
    assert correction.left(rows) == pytest.approx(float(left), rel=1e-3)
    assert ridge.best(rows, rows, (0.01, 1.0, math.inf)).strength == 0.01
    still = ridge.Moments.empty(5, 2)
    still.add(x, torch.zeros(200, 2))
    assert not ridge.best(rows, still, (0.01, 1.0, math.inf)).weight.any()


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_inputs_that_never_change_explain_nothing(value: float) -> None:
    """The offset is fitted all the same, whatever the ridge."""
    rows = ridge.Moments.empty(40, 1)
    rows.add(torch.full((999, 40), value), torch.full((999, 1), 2.0))
    for strength in (0.0, 0.01, math.inf):
        assert ridge.fit(rows, strength).left(rows) == pytest.approx(0, abs=1e-3)


def test_patches_are_what_a_convolution_sees() -> None:
    """The weights times a patch give the output there, also at the rim, with a stride, with unlike sides."""
    conv = torch.nn.Conv2d(3, 4, (3, 1), stride=2, padding=(1, 0))
    given = torch.rand(2, 3, 9, 14)
    with torch.no_grad():
        output = conv(given)
        positions = torch.arange(output[0, 0].numel()).expand(2, -1)
        ours = patches(given, conv, positions) @ conv.weight.flatten(1).T + conv.bias
    assert torch.allclose(output.flatten(2).transpose(1, 2).flatten(0, 1), ours, atol=1e-6)


def test_a_batch_norm_keeps_what_was_fitted(checkpoint: Path) -> None:
    """A layer gives what is set, with the statistics of what it is given, and a channel without gain comes to life."""
    layer = layers(weights.load(checkpoint).eval())["model.1.conv"]
    x = torch.rand(500, layer.conv.weight[0].numel())
    given = ridge.Moments.empty(x.shape[1], 1)
    given.add(x, torch.zeros(500, 1))
    with torch.no_grad():
        layer.norm.weight[0] = 0.0
        weight, bias = torch.randn(layer.linear()[0].shape).double(), torch.randn(len(layer.conv.weight)).double()
        layer.set(weight, bias, given)
        now = layer.linear()
        seen = x.double() @ weight.T
    assert torch.allclose(now[0].double(), weight, atol=1e-5)
    assert torch.allclose(now[1].double(), bias, atol=1e-5)
    assert torch.allclose(layer.norm.running_mean.double(), seen.mean(0), atol=1e-4)
    assert torch.allclose(layer.norm.running_var.double(), seen.var(0, correction=0), atol=1e-4)


def test_refitted_is_closer_to_the_teacher_than_hardened(checkpoint: Path, tmp_path: Path) -> None:
    """On pictures that were not fitted to, what the head is given and what it answers; every layer was its turn."""
    samples = read_folder(draw(tmp_path, train=24))
    teacher, student = hardened(checkpoint)
    before = deepcopy(student)
    rows = Reconstruction(teacher, student, show(of_split(samples, "train"), 64, 4), seed=1).run()
    assert {row.name for row in rows} == set(layers(student))
    assert rows[0].name == "model.0.conv"
    assert rows[0].before < 1e-6
    assert all(row.after <= row.before for row in rows)
    (seen,) = show(of_split(samples, "val"), 64, 4)
    with torch.no_grad():
        wanted, far, near = (net(seen.float())[1] for net in (teacher, before, student))
    for answer in ("scores", "boxes"):
        distances = [float((net[answer] - wanted[answer]).square().mean()) for net in (far, near)]
        assert distances[1] < 0.5 * distances[0], answer


@pytest.mark.parametrize("first", [0, 3])
def test_nothing_is_left_to_refit_where_nothing_changed(checkpoint: Path, tmp_path: Path, first: int) -> None:
    """A network that was only scaled, where it was hardened, gives what it should: no layer changes what it gives."""

    class Scaled(torch.nn.Hardswish):
        def forward(self, input: "torch.Tensor") -> "torch.Tensor":  # noqa: A002 - so it is called there
            return SCALE * torch.nn.functional.silu(input / SCALE)

    teacher = weights.load(checkpoint)
    student = with_activation(deepcopy(teacher), "hardswish", first)
    for part in student.modules():
        if isinstance(getattr(part, "act", None), torch.nn.Hardswish):
            part.act = Scaled()
    shown = show(of_split(read_folder(draw(tmp_path)), "train"), 64, 4)
    for row in Reconstruction(teacher, student, shown, seed=1).run():
        assert (row.before, row.after) == pytest.approx((0, 0), abs=1e-4), row.name


def test_pictures_are_letterboxed_and_every_fourth_judges(tmp_path: Path) -> None:
    """As the detector does it, at most so many at a time; fewer than four are refused."""
    samples = of_split(read_folder(draw(tmp_path)), "train")
    shown = show(samples, 64, 3)
    assert [tuple(part.images.shape) for part in shown] == [(3, 3, 64, 64), (3, 3, 64, 64), (2, 3, 64, 64)]
    assert torch.cat([part.judges for part in shown]).tolist() == [False, False, False, True] * 2
    assert int(shown[0].images[0, :, 0].float().mean()) == 114
    with pytest.raises(DatasetError, match="at least 4 pictures"):
        show(samples[:3], 64, 3)


def test_pictures_kept_back_are_never_fitted_to(tmp_path: Path) -> None:
    """No validation picture, no twin of one, in whichever folder; at most so many of each folder, drawn by the seed."""
    data, more = draw(tmp_path / "data"), draw(tmp_path / "more", train=6, val=0, seed=2) / "train"
    kept_back = next((data / "val" / "images").iterdir())
    for folder, name in ((data / "train", "scene_twin"), (more, "scene_twin")):
        shutil.copyfile(kept_back, folder / "images" / f"{name}.png")
        (folder / "labels" / f"{name}.txt").write_text("", encoding="utf-8")
    pictures = Pictures(data, [more], 5)
    settings = Recipe.read(recipe(tmp_path))
    learned, check, notes = assemble(settings, pictures, tmp_path / "out")
    chosen = choose(learned, pictures, seed=1)
    assert notes["leaks"]["dropped"] == 2  # type: ignore[index]
    assert not {item.path for item in chosen} & {item.path for item in check}
    assert not any("twin" in item.name for item in chosen)
    assert [sum(item.path.is_relative_to(folder) for item in chosen) for folder in (data, more)] == [5, 5]
    assert [item.path for item in chosen] == [item.path for item in choose(learned, pictures, seed=1)]
    assert [item.path for item in chosen] != [item.path for item in choose(learned, pictures, seed=2)]


def test_large_groups_give_no_more_than_their_share(tmp_path: Path) -> None:
    """At most so many of each group, the same ones each time."""
    samples = read_folder(draw(tmp_path, train=16))
    few = share_out(samples, 2, seed=3)
    assert len(few) == 4
    assert [item.name for item in few] == [item.name for item in share_out(samples, 2, seed=3)]


def test_the_command_line_ends_with_a_candidate(checkpoint: Path, tmp_path: Path) -> None:
    """
    Weights with record, card and registry table; the checkpoint loads, still with batch norms.

    Twice the same tensors, bit for bit, whatever the validation pictures show.
    """
    data, more = draw(tmp_path / "data"), draw(tmp_path / "more", train=6, val=0, seed=2) / "train"
    found = []
    for number in (1, 2):
        out = tmp_path / f"out{number}"
        main(
            [
                *(str(recipe(tmp_path)), "--initial", str(checkpoint), "--data", str(data), "--also", str(more)),
                *("--out", str(out), "--most", "6", "--version", "9.9.9", "--precision", "f32"),
            ]
        )
        found.append(weights.load(out / "tiny" / "released.pt").state_dict())
        draw(data, train=0, seed=9)  # other validation pictures
    folder = tmp_path / "out1" / "tiny"
    assert found[0].keys() == weights.load(checkpoint).state_dict().keys()
    assert all(value.equal(found[1][name]) for name, value in found[0].items())
    written = json.loads((folder / "tiny.run.json").read_text(encoding="utf-8"))
    assert written["data"]["train"] == 12
    assert written["data_sha256"]
    assert written["git"]["commit"]
    assert written["figures"]["val"]["images"] == 4
    assert {row["name"] for row in written["refitted"]} == set(layers(weights.load(checkpoint)))
    assert set(written["refitted"][0]) == {"name", "before", "after", "strength"}
    assert 'version = "9.9.9"' in (folder / "candidate.toml").read_text(encoding="utf-8")
    assert "| threshold |" in (folder / "tiny.md").read_text(encoding="utf-8")
    assert (folder / "tiny.onnx").is_file()


def test_what_cannot_be_refitted_is_named(checkpoint: Path, tmp_path: Path) -> None:
    """Grouped convolutions, networks of two shapes, a network without SiLU, a recipe that exchanges nothing."""
    with pytest.raises(LayerError, match="one group"):
        layers(weights.build("yolo11n.yaml", CLASS_NAMES))
    teacher, student = hardened(checkpoint)
    with pytest.raises(ReconstructionError, match="one shape"):
        Reconstruction(teacher, weights.build("yolov8n.yaml", CLASS_NAMES, width=0.125), (), seed=1)
    hard = tmp_path / "hard.pt"
    weights.save(student, hard, {})
    data = draw(tmp_path / "data")
    options = ["--initial", str(hard), "--data", str(data), "--out", str(tmp_path / "out")]
    with pytest.raises(ReconstructionError, match="no SiLU"):
        main([str(recipe(tmp_path)), *options])
    weights.save(with_activation(weights.load(checkpoint), "hardswish", 3), hard, {})
    part = recipe(tmp_path)
    part.write_text(RECIPE + "activation_first = 3\n", encoding="utf-8")
    with pytest.raises(ReconstructionError, match="no SiLU"):
        main([str(part), *options])
    other = recipe(tmp_path)
    other.write_text(RECIPE.replace("hardswish", "silu"), encoding="utf-8")
    with pytest.raises(RecipeError, match="needs activation hardswish"):
        main([str(other), *options])
