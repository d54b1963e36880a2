"""Tuning the end of a class branch: neighbourhoods answer as the whole map does, and a run leaves the rest alone."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)
pytest.importorskip("onnx")

from models.detector import ModelError  # noqa: E402 - after the skip
from models.runtime.openvino_runtime import Precision  # noqa: E402
from models.training import weights  # noqa: E402
from models.training.anchors import Chooser, Eye, Lesson, Seen, keep, neighbourhoods, read  # noqa: E402
from models.training.head import Course, HeadTuner, answer, ends  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES, IGNORED, of_split, read_folder  # noqa: E402
from models.training.pictures.views import painted, real, share_out  # noqa: E402
from models.training.recipe import Recipe, Synthesis  # noqa: E402
from models.training.tune import Pictures, tune  # noqa: E402
from models.yolo import export_onnx  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402
from tests.models.training.networks import scattered  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]
RECIPE = Recipe(
    "tiny", "yolov8n.yaml", budget_s=1.0, batch=4, side_px=64, optimiser="adamw", momentum=0.9, check_every_s=0.1,
    ema=0.5, held=(), synthesis=Synthesis(slots=4, trail=0.5, distant=0.5),
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of a network whose scores are not alike."""
    return scattered(tmp_path_factory.mktemp("tune") / "start.pt")


@pytest.fixture(scope="module")
def eye(checkpoint: Path) -> Eye:
    """Return the exported checkpoint as it tells what the end of its class branch sees."""
    exported = export_onnx(checkpoint, checkpoint.with_name("start.onnx"))
    return Eye(exported.path.read_bytes(), long_side_px=64, threads=1, precision=Precision.F32)


def test_neighbourhoods_are_answered_as_the_whole_map(checkpoint: Path, eye: Eye) -> None:
    """At every anchor, also at the rim, the end of the branch gives the score that the exported network gives."""
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    seen = eye.see(image)
    scores = []
    for end, level in zip(ends(weights.load(checkpoint)).eval(), seen.hidden, strict=True):
        cells = neighbourhoods(level, torch.arange(level[0].numel()))
        with torch.no_grad():
            scores.append(answer(end, cells).sigmoid())
    ours = torch.cat(scores)
    assert ours.shape == seen.scores.shape
    assert float(seen.scores.std()) > 0.01
    assert float((ours - seen.scores).abs().max()) < 0.01  # fp16 in storage


def test_what_is_chosen_stands_for_all(eye: Eye) -> None:
    """Weights add up to the anchors there are; labels ask for scores inside them; ignored regions weigh nothing."""
    image = np.full((64, 64, 3), 120, np.uint8)
    image[16:48, 16:48] = 235
    seen = eye.see(image)
    quiet = Seen(seen.hidden, seen.xyxy, seen.scores * 0)
    boxes = np.array([[16, 16, 48, 48], [0, 0, 16, 64]], np.float32)
    lessons = Chooser(2, seed=1).choose(quiet, boxes, np.array([0, IGNORED + 1]), 5)
    whole = Lesson.joined([Lesson(each.cells[:, :1], each.target, each.weight, each.view) for each in lessons])
    assert float(whole.weight[:, 0].sum()) == pytest.approx(len(seen.scores))
    assert (whole.weight[:, 1] == 0).any()
    assert (whole.weight[:, 0] > 0).all()
    assert set(whole.view.tolist()) == {5}
    assert float(whole.target[:, 1].sum()) == 0.0


def test_only_the_ends_are_tuned(checkpoint: Path, eye: Eye, tmp_path: Path) -> None:
    """A run lowers the loss, changes the last two layers of the class branch alone; a blend of 0 changes nothing."""
    samples = of_split(read_folder(draw(tmp_path / "data")), "train")
    keep(real(samples, brightness=0.2, seed=1), eye, Chooser(2, seed=1), tmp_path / "lessons", RECIPE.repair)
    lessons, facts = read([tmp_path / "lessons"])
    assert [fact.is_negative for fact in facts].count(True) == 2
    states = {}
    for blend in (0.0, 0.5, 1.0):
        model, before = weights.load(checkpoint), weights.load(checkpoint).state_dict()
        course: list[Course] = []
        HeadTuner(model, replace(RECIPE, blend=blend), lessons, facts).run(course.append)
        states[blend] = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
        assert course[-1].loss < course[0].loss
    assert states[0.0] == set()
    assert states[0.5] == states[1.0]
    assert states[1.0]
    assert all(".cv3." in name and name.split(".")[4] in {"1", "2"} for name in states[1.0])


def test_other_heads_are_refused() -> None:
    """A head whose class branch is built otherwise is named, not tuned."""
    with pytest.raises(ModelError, match="YOLOv8 head"):
        ends(weights.build("yolo11n.yaml", CLASS_NAMES))


def test_views_mirror_boxes_with_the_picture(tmp_path: Path) -> None:
    """What was bright under the box is bright under the mirrored box; half or so of the pictures are mirrored."""
    samples = of_split(read_folder(draw(tmp_path, train=16)), "train")
    views = list(real(samples, brightness=0.0, seed=1))
    assert {view.origin for view in views} == {"real", "mirrored"}
    for view in views:
        for left, top, right, bottom in view.sample.xyxy:
            height, width = view.image.shape[:2]
            inner = view.image[
                int(top * height) + 2 : int(bottom * height) - 2, round(left * width) + 2 : round(right * width) - 2
            ]
            assert inner.max(axis=2).min() > 220


def test_trails_lie_where_roads_are(tmp_path: Path) -> None:
    """A painted trail is wider than high and in the lower part; painting twice from one seed gives the same."""
    backgrounds = [item for item in of_split(read_folder(draw(tmp_path)), "train") if item.is_negative]
    settings = Synthesis(slots=12, plume=1.0, veil=0.0, cloud=0.0, trail=1.0, opacity=(0.9, 0.95))
    recipe = Recipe("tiny", "", side_px=96, synthesis=settings)
    views = list(painted(backgrounds, recipe))
    boxes = np.concatenate([view.sample.xyxy for view in views]) * [96, 64, 96, 64]
    assert len(boxes) >= 6
    assert np.median((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])) > 1.5
    assert boxes[:, 1].min() >= 0.4 * 64 - 1
    again = list(painted(backgrounds, recipe))
    assert all((one.image == other.image).all() for one, other in zip(views, again, strict=True))


def test_large_groups_give_no_more_than_their_share(tmp_path: Path) -> None:
    """At most so many of each group, the same ones each time."""
    samples = read_folder(draw(tmp_path, train=16))
    few = share_out(samples, 2, seed=3)
    assert len(few) == 4
    assert [item.name for item in few] == [item.name for item in share_out(samples, 2, seed=3)]


def test_a_run_ends_with_a_candidate(checkpoint: Path, tmp_path: Path) -> None:
    """From pictures to weights with record and registry table, which the registry takes and runs."""
    data, more = draw(tmp_path / "data"), draw(tmp_path / "more", train=4, val=0) / "train"
    made = tune(
        RECIPE, Pictures(data, [more]), checkpoint, tmp_path, version="9.9.9", threads=1, precision=Precision.F32
    )
    written = json.loads((made.folder / "tiny.run.json").read_text(encoding="utf-8"))
    assert written["data"]["train"] == 12
    assert written["data"]["views"]["painted"] == 4
    assert written["figures"]["val"]["images"] == 4
    assert written["curve"]
    registry = made.folder / "candidate.toml"
    assert 'version = "9.9.9"' in registry.read_text(encoding="utf-8")
    assert made.weights.is_file()
