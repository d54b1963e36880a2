"""Pruned networks: one slimmed to its own width is the same, and a narrowed head keeps what matters."""

from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training import weights  # noqa: E402
from models.training.pictures import store as stores  # noqa: E402
from models.training.pictures.batches import Batches  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES, of_split, read_folder  # noqa: E402
from models.training.pruning import NarrowingError, class_width, narrow, slim, weigh  # noqa: E402
from models.training.recipe import Augmentation, Distillation  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402
from tests.models.training.networks import TINY  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


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
