"""Scenery: what one camera's pictures show as a whole."""

import numpy as np
import pytest

from streams.frame import BgrImage
from tests.vision.moments import frame, grainy, moment, still_image
from vision.background import Condition
from vision.leads import Xyxy
from vision.magnifier import Magnifier
from vision.scenery import Scenery

BOX: Xyxy = (120.0, 60.0, 180.0, 120.0)


def picture(seconds: float, change: float = 0.0) -> BgrImage:
    """Return the still place with sensor noise, its box darker by `change`."""
    image = grainy(still_image(), seconds).astype(np.float32)
    left, top, right, bottom = (int(edge) for edge in BOX)
    image[top:bottom, left:right] -= change
    return image.clip(0, 255).astype(np.uint8)


def watched(magnifier: Magnifier | None, seconds: float = 10.0) -> Scenery:
    """Return the scenery of a camera that stood still for so long."""
    scenery = Scenery(magnifier)
    for number in range(int(seconds * 2)):
        assert scenery.observe(frame(picture(number / 2), moment(number / 2)), wants_news=False)
    return scenery


def test_a_camera_that_stands_still_is_steady_and_its_box_as_usual() -> None:
    """Nothing is wrong, nothing drifts, nothing is new."""
    scenery = watched(Magnifier())

    assert scenery.observe(frame(picture(10.0), moment(10.0)), wants_news=True)
    assert (scenery.condition, scenery.health.fault, scenery.fog.is_foggy) == (Condition.CALM, None, False)
    assert scenery.news_in(BOX) == 0
    assert scenery.is_new(BOX, 0.3) is False


def test_what_is_new_in_a_box_is_told_where_it_was_asked_for() -> None:
    """Comparing costs a millisecond or two, so it is done for pictures with a box of smoke."""
    for wants_news in (True, False):
        scenery = watched(Magnifier())
        scenery.observe(frame(picture(10.0, change=12), moment(10.0)), wants_news=wants_news)
        assert scenery.news_in(BOX) == (pytest.approx(1, abs=0.1) if wants_news else None)
        assert scenery.is_new(BOX, 0.3) is (True if wants_news else None)


def test_without_a_second_look_nobody_knows_what_is_usual() -> None:
    """Nor how the sky drives; everything else is as ever."""
    scenery = watched(None)

    assert scenery.observe(frame(picture(10.0, change=12), moment(10.0)), wants_news=True)
    assert scenery.news_in(BOX) is None
    assert scenery.motion is None
    assert scenery.magnified(picture(10.5, change=12), moment(10.5)) is None


def test_after_a_jump_nothing_is_known_until_the_place_is_learned_again() -> None:
    """A picture that is not steady shows no news, and what is usual is learned anew."""
    scenery = watched(Magnifier())
    dark = (picture(10.0) // 3).astype(np.uint8)

    assert not scenery.observe(frame(dark, moment(10.0)), wants_news=True)
    assert scenery.news_in(BOX) is None
    assert scenery.magnified(dark, moment(10.5)) is None
