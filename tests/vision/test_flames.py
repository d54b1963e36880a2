"""Flames: which boxes of fire show a flame's colour or, without colours, its flicker."""

import cv2
import numpy as np
import pytest

from streams.frame import BgrImage
from tests.vision.moments import boxes, grainy, moment
from tests.vision.moments import frame as frame_of
from tests.vision.test_analyser import analyser
from vision.flames import LEAST_FLICKER, SIGHTINGS, Flames, flame_share, is_colourless
from vision.leads import Xyxy

BOX: Xyxy = (140.0, 60.0, 180.0, 110.0)
WARM, LAMP = (60, 130, 235), (235, 250, 250)


def night(colour: tuple[int, int, int], seconds: float = 0.0) -> BgrImage:
    """A dim street with a glow that flickers: a saturated core, and round it a halo of the given colour (BGR)."""
    rng = np.random.default_rng(int(seconds * 10) + 1)
    image = np.tile(np.array((34, 26, 22), np.uint8), (180, 320, 1)) + rng.integers(0, 3, (180, 320, 3), np.uint8)
    radius = int(rng.integers(9, 25))
    cv2.circle(image, (160, 85), radius, colour, -1)
    cv2.circle(image, (160, 85), radius // 2, (255, 255, 255), -1)
    return np.asarray(image, np.uint8)


@pytest.mark.parametrize(("colour", "is_shown"), [(WARM, True), (LAMP, False)])
def test_a_flame_is_yellow_to_red_around_its_core(colour: tuple[int, int, int], is_shown: bool) -> None:
    """A lamp is white, and what is round it is its own light."""
    flames = Flames()
    flames.observe(night(colour), BOX, 9.0)
    assert flames.are_shown is is_shown


def test_a_flame_that_is_low_for_a_moment_is_still_one() -> None:
    """One of the newest sightings suffices; before the first nothing is shown."""
    flames = Flames()
    assert not flames.are_shown
    flames.observe(night(WARM), BOX, 0.0)
    for _ in range(SIGHTINGS - 1):
        flames.observe(night(LAMP), BOX, 9.0)
        assert flames.are_shown
    flames.observe(night(LAMP), BOX, 9.0)
    assert not flames.are_shown


@pytest.mark.parametrize(("flicker", "is_shown"), [(LEAST_FLICKER, True), (LEAST_FLICKER - 0.1, False)])
def test_without_colours_a_flame_is_known_by_its_flicker(flicker: float, *, is_shown: bool) -> None:
    """In infra-red light a flame is as grey as a lamp, which shines on as it did."""
    assert is_colourless(grey(night(WARM)))
    assert not is_colourless(night(LAMP))
    flames = Flames()
    flames.observe(grey(night(WARM)), BOX, flicker)
    assert flames.are_shown == is_shown


def grey(image: BgrImage) -> BgrImage:
    """Return the picture as a camera in infra-red light gives it."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


@pytest.mark.parametrize(("until_s", "states"), [(99.0, ["candidate", "confirmed"]), (0.5, ["candidate"])])
def test_a_lamp_that_comes_on_in_infra_red_light_is_no_lead(until_s: float, states: list[str]) -> None:
    """It was another picture a moment ago and is the same one since; a fire is another one each time."""
    watching = analyser(fire={"confirm": "k_of_n"})
    told = []
    for seconds in np.arange(0.0, 8.0, 0.5).tolist():
        image = grainy(grey(night(WARM, min(seconds, until_s))), seconds)
        told += watching.observe(frame_of(image, moment(seconds)), boxes(("fire", 0.9, BOX)))
    assert [change.lead.state.value for change in told] == states


@pytest.mark.parametrize("box", [(-20.0, -20.0, 5.0, 5.0), (310.0, 170.0, 900.0, 900.0), (400.0, 300.0, 500.0, 400.0)])
def test_a_box_over_the_edge_is_cut(box: Xyxy) -> None:
    """What the detector draws beyond the picture is not looked at."""
    assert flame_share(night(WARM), box) == 0.0


@pytest.mark.parametrize(("colour", "states"), [(WARM, ["candidate", "confirmed"]), (LAMP, ["candidate"])])
def test_a_lamp_is_watched_and_no_lead(colour: tuple[int, int, int], states: list[str]) -> None:
    """By k of n, and alike by belief: boxes of fire without a flame's colour support nothing."""
    watching = analyser(fire={"confirm": "k_of_n"})
    told = [
        change.lead.state.value
        for seconds in np.arange(0.0, 6.0, 0.5).tolist()
        for change in watching.observe(frame_of(night(colour, seconds), moment(seconds)), boxes(("fire", 0.9, BOX)))
    ]
    assert told == states
