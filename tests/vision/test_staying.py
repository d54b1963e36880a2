"""Staying: what grows and hangs has a part in common with what it was, what drives through has not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vision.moments import boxes, flickering, moment
from tests.vision.moments import frame as frame_of
from tests.vision.test_analyser import analyser
from vision.leads import Xyxy
from vision.staying import SIGHTINGS, Staying


def common(*seen: Xyxy) -> float:
    """Return what boxes have in common."""
    staying = Staying()
    for box in seen:
        staying.observe(box)
    return staying.common


def test_before_the_second_box_everything_stays() -> None:
    """Nothing is known yet, and nothing is held against a track."""
    assert Staying().common == common((1.0, 1.0, 2.0, 2.0)) == 1.0


def test_a_plume_that_lengthens_keeps_its_old_end() -> None:
    """However long it grows and whichever way: the smallest box is in all of them."""
    assert common((50, 50, 60, 60), (40, 50, 60, 60), (20, 45, 60, 62), (0, 40, 60, 62)) == 1.0


def test_a_car_leaves_its_place() -> None:
    """A third of its length further each time, and it has nothing in common with the fourth box before."""
    assert common(*[(10.0 * step, 0.0, 10.0 * step + 30, 20.0) for step in range(SIGHTINGS)]) == 0.0


def test_only_the_newest_boxes_count() -> None:
    """What drove up and stands now stays."""
    seen: list[Xyxy] = [(0.0, 0.0, 30.0, 20.0)] + [(90.0, 0.0, 120.0, 20.0)] * SIGHTINGS
    assert common(*seen[:-1]) == 0.0
    assert common(*seen) == 1.0


@given(st.lists(st.tuples(*[st.floats(0, 1000)] * 4), max_size=8))
def test_it_is_a_share_whatever_the_boxes(corners: list[tuple[float, float, float, float]]) -> None:
    """Boxes without any area too."""
    assert 0.0 <= common(*[(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]) <= 1.0 + 1e-9


def drifting(step_px: float, seconds: float) -> tuple[float, float, float, float]:
    """Return a box 80 pixels wide that goes on by some pixels a picture."""
    left = 20.0 + step_px * seconds * 2
    return left, 60.0, left + 80.0, 110.0


@pytest.mark.parametrize(
    ("step_px", "states"), [(0.0, ["candidate", "confirmed"]), (8.0, ["candidate", "confirmed"]), (20.0, ["candidate"])]
)
def test_what_drives_through_is_watched_and_no_lead(step_px: float, states: list[str]) -> None:
    """By k of n, and alike by belief: boxes that have left their place support nothing; smoke in the wind does."""
    watching = analyser(smoke={"confirm": "k_of_n"})
    told = []
    for seconds in np.arange(0.0, 11.0, 0.5).tolist():
        box = drifting(step_px, seconds - 5.0)
        found = [("smoke", 0.9, box)] if seconds >= 5.0 else []
        picture = frame_of(flickering(seconds, (20, 60, 300, 110)), moment(seconds))
        told += [change.lead.state.value for change in watching.observe(picture, boxes(*found))]
    assert told == states
