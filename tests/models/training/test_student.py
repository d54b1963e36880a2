"""The network that a run trains: what of it learns and what stays."""

from importlib.util import find_spec

import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training import weights  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES  # noqa: E402
from models.training.recipe import Recipe, RecipeError  # noqa: E402
from models.training.student import hold  # noqa: E402
from tests.models.training.networks import TINY  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


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
