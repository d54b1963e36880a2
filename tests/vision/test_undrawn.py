"""Plumes above no drawn outlet: which are held back as condensed water, for how long, and which never are."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from streams.frame import BgrImage
from tests.vision.moments import moment
from vision.leads import Xyxy
from vision.undrawn import YOUNG_S, UndrawnOutlets

SIZE_WH = (480, 320)
FOOT = (240, 290)
WHITE, DARK = 235, 40
GROUND = (90, 110, 100)
TRACK = 7
BEGINS_S = 4.0


@cache
def picture(seconds: float, level: int, length_px: float, foot: tuple[float, float] = FOOT) -> BgrImage:
    """Puffs that rise from a narrow foot before even ground, others in every picture, from `BEGINS_S` on."""
    rng = np.random.default_rng(int(seconds * 10) + 3)
    image = np.tile(np.array(GROUND, np.float64), (*SIZE_WH[::-1], 1)) + rng.normal(0, 1.0, (*SIZE_WH[::-1], 3))
    left, right = max(0, int(foot[0]) - 60), min(SIZE_WH[0], int(foot[0]) + 60)
    air = image[:, left:right]
    y, x = np.mgrid[0 : SIZE_WH[1], left:right].astype(np.float32)
    for along in np.arange(2.0, length_px if seconds >= BEGINS_S else 0.0, 4.0):
        width = 5.0 + 0.05 * along
        at_x, at_y = foot[0] + rng.normal(0, 0.4 * width), foot[1] - along + rng.normal(0, 2)
        share = rng.uniform(0.1, 0.8) * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * width**2))
        air += share[..., None] * (level - air)
    return np.clip(image, 0, 255).astype(np.uint8)


def held(undrawn: UndrawnOutlets) -> bool:
    """Return whether nothing may be confirmed by the plume now."""
    return undrawn.withholds(TRACK) or undrawn.defers(TRACK)


def withheld(
    level: int,
    length_px: float,
    *,
    fires: tuple[Xyxy, ...] = (),
    foot_at: Callable[[float], tuple[float, float]] = lambda _: FOOT,
) -> list[bool]:
    """Return for each picture with a box, two a second for 12 s, whether the plume is held back."""
    undrawn, told = UndrawnOutlets(), []
    for seconds in np.arange(0.0, BEGINS_S + 12.0, 0.5):
        x, y = foot = foot_at(seconds)
        box = (x - 20.0, max(y - length_px, 0.0), x + 20.0, y + 3.0)
        smoke: dict[int, Xyxy | None] = {TRACK: box} if seconds >= BEGINS_S else {}
        undrawn.observe(picture(seconds, level, length_px, foot), moment(float(seconds)), smoke, fires)
        if smoke:
            told.append(held(undrawn))
    return told


def test_white_that_ends_near_its_foot_is_held_back() -> None:
    """Steam of a vent that nobody drew: from its first box to the end."""
    assert withheld(WHITE, 50.0) == [True] * 24


def test_white_that_goes_on_is_held_back_until_that_is_seen() -> None:
    """Smoke of a heap that smoulders: for a moment, for nobody knows yet how far it goes."""
    told = withheld(WHITE, 300.0)
    assert told[0]
    assert told[int(2 * YOUNG_S) :] == [False] * (24 - int(2 * YOUNG_S))


def test_what_darkens_is_never_held_back() -> None:
    """However short: steam takes no light away before dark ground."""
    assert not any(withheld(DARK, 50.0))


def test_what_burns_is_never_held_back() -> None:
    """White smoke with a box of fire at its foot."""
    assert not any(withheld(WHITE, 50.0, fires=((230.0, 270.0, 250.0, 300.0),)))
    assert any(withheld(WHITE, 50.0, fires=((20.0, 270.0, 40.0, 300.0),)))


def test_what_drives_away_is_not_held_back() -> None:
    """White behind a vehicle leaves the place where its foot was found."""
    told = withheld(WHITE, 50.0, foot_at=lambda seconds: (60.0 + 24 * seconds, 290.0))
    assert not any(told[int(2 * YOUNG_S) :])


def test_what_was_there_from_the_beginning_is_held_back_until_it_is_known() -> None:
    """Without a picture of the place without it nobody knows whether it lightens: a foot tells, or its time is over."""
    undrawn, told = UndrawnOutlets(), []
    for seconds in np.arange(BEGINS_S, BEGINS_S + 8, 0.5):
        box = (220.0, 0.0, 260.0, 293.0)
        undrawn.observe(picture(seconds, DARK, 300.0), moment(float(seconds)), {TRACK: box}, ())
        told.append(held(undrawn))
    assert told[0]
    assert not any(told[int(2 * YOUNG_S) :])


def test_a_pause_makes_nothing_younger() -> None:
    """After the camera shook, what was seen for long is held back no more; a new view knows of nothing."""
    undrawn = UndrawnOutlets()
    for seconds in np.arange(0.0, 12.0, 0.5):
        box = (220.0, 0.0, 260.0, 293.0)
        undrawn.observe(picture(seconds, WHITE, 300.0), moment(float(seconds)), {TRACK: box}, ())
    undrawn.pause()
    undrawn.observe(picture(12.0, WHITE, 300.0), moment(12.0), {TRACK: (220.0, 0.0, 260.0, 293.0)}, ())
    assert not held(undrawn)
    undrawn.forget()
    assert not held(undrawn)
    undrawn.observe(picture(12.5, WHITE, 300.0), moment(12.5, epoch=1), {TRACK: None}, ())
    undrawn.observe(picture(13.0, WHITE, 300.0), moment(13.0, epoch=1), {}, ())
    assert not held(undrawn)


@pytest.mark.parametrize("box", [(-30.0, 250.0, -10.0, 300.0), (238.0, 288.0, 240.0, 290.0), (470.0, 0.0, 500.0, 10.0)])
def test_boxes_at_the_edge_and_of_next_to_nothing_do_no_harm(box: Xyxy) -> None:
    """A foot is looked for where there is something to look at."""
    undrawn = UndrawnOutlets()
    for seconds in np.arange(0.0, 12.0, 0.5):
        undrawn.observe(picture(seconds, WHITE, 60.0), moment(float(seconds)), {TRACK: box}, ())
    assert not held(undrawn)
