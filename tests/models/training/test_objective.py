"""What a step minimises: the distance to a teacher is zero for the same answers."""

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
from models.training.objective import Objective  # noqa: E402
from models.training.pictures import store as stores  # noqa: E402
from models.training.pictures.batches import Batch, Batches  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES, of_split, read_folder  # noqa: E402
from models.training.recipe import Augmentation, Distillation  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402
from tests.models.training.networks import TINY  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


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
    """To answer as it does costs nothing, whatever labels say; it must be asked."""
    batch, model = batch_and_model(tmp_path)
    objective = Objective(model, Distillation(scores=1.0, boxes=1.0, alone=True))
    with torch.no_grad():
        answers = model.train()(batch.images)
        alike, parts = objective(answers, batch, answers)
    assert len(batch.class_id) > 0
    assert float(alike) == pytest.approx(0, abs=1e-2)
    assert set(parts) == {"scores_distance", "boxes_distance"}
    with pytest.raises(ValueError, match="was not asked"):
        objective(answers, batch, None)
