"""The order of the images in a run."""

from importlib.util import find_spec

import pytest

torch = pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)

from models.training.schedule import Deck  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


def test_a_deck_deals_every_row_and_repeats_as_told() -> None:
    """In one epoch each row appears as often as its weight says."""
    deck = Deck(torch.tensor([1.0, 2.0, 1.0]), seed=0)
    assert deck.deal(4).bincount().tolist() == [1, 2, 1]
    assert deck.epoch == 0
    deck.deal(4)
    assert deck.epoch == 1
