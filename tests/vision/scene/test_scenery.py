"""Scenery: what one camera's pictures show as a whole."""

import numpy as np

from models.detections import Xyxy
from streams.frame import BgrImage
from tests.vision.moments import frame, grainy, moment, still_image
from vision.scene.background import Condition
from vision.scene.scenery import Scenery

BOX: Xyxy = (120.0, 60.0, 180.0, 120.0)


def picture(seconds: float, change: float = 0.0) -> BgrImage:
    """Return the still place with sensor noise, its box darker by `change`."""
    image = grainy(still_image(), seconds).astype(np.float32)
    left, top, right, bottom = (int(edge) for edge in BOX)
    image[top:bottom, left:right] -= change
    return image.clip(0, 255).astype(np.uint8)


def watched(seconds: float = 10.0) -> Scenery:
    """Return the scenery of a camera that stood still for so long."""
    scenery = Scenery()
    for number in range(int(seconds * 2)):
        assert scenery.observe(frame(picture(number / 2), moment(number / 2)))
    return scenery


def test_a_camera_that_stands_still_is_steady_and_shows_nothing_novel() -> None:
    """Nothing is wrong, nothing drifts, nothing is new."""
    scenery = watched()

    assert scenery.observe(frame(picture(10.0), moment(10.0)))
    assert (scenery.condition, scenery.health.fault, scenery.fog.is_foggy) == (Condition.CALM, None, False)
    assert not scenery.is_novel


def test_what_comes_into_a_picture_leaves_it_steady_and_is_novel() -> None:
    """The history does not explain it, and the camera did nothing."""
    scenery = watched(60.0)
    assert not scenery.is_novel

    told = []
    for number in range(120, 140):
        assert scenery.observe(frame(picture(number / 2, change=60), moment(number / 2)))
        told.append(scenery.is_novel)
    assert any(told)


def test_after_a_jump_the_place_is_steady_again() -> None:
    """The picture in which it jumps cannot be believed; those that go on like it can."""
    scenery = watched()
    dark = [(picture(10 + number / 2) // 3).astype(np.uint8) for number in range(20)]

    told = [scenery.observe(frame(image, moment(10 + number / 2))) for number, image in enumerate(dark)]
    assert not told[0]
    assert told[-1]


def test_a_scenery_that_forgets_compares_with_nothing_and_keeps_its_health() -> None:
    """The next picture is another place without a jump; what is known of fog and health stays."""
    scenery = watched()
    health, fog = scenery.health, scenery.fog
    scenery.forget()

    assert (scenery.health, scenery.fog, scenery.is_novel) == (health, fog, False)
    assert scenery.observe(frame(picture(10.0), moment(10.0)))
