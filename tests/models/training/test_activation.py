"""Hardswish in place of SiLU: where it may stand, and how close the network stays."""

from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training import weights  # noqa: E402
from models.training.activation import SCALE, ActivationError, hardened, with_activation  # noqa: E402
from models.training.pictures.dataset import CLASS_NAMES  # noqa: E402
from tests.models.training.networks import TINY  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


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
