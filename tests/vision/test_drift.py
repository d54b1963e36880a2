"""Drift: what in a sky only drives on, and what is left when that is taken away."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.vision.moments import moment
from vision.drift import Drift, Sky
from vision.magnifier import Magnifier

WH = (320, 180)
HORIZON = 100
SPEED = 4.0
"""Cells a second that the clouds go to the left."""

PLUME = (slice(45, 90), slice(150, 175))
SMOKE_LEVELS = 15.0


def clouds() -> NDArray[np.float32]:
    """Return a broad sky of soft clouds, float32 ``(HORIZON, 1200)``, some thirty levels up and down."""
    noise = np.random.default_rng(3).normal(0, 1, (HORIZON, 1200)).astype(np.float32)
    broad = cv2.GaussianBlur(noise, (0, 0), 9)
    return np.asarray(150 + 30 * broad / broad.std(), np.float32)


CLOUDS = clouds()


def picture(time_s: float, *, smokes: bool = False, gain: float = 1.0) -> NDArray[np.float32]:
    """Return works with a stack before the driving clouds, float32 BGR ``(180, 320, 3)``."""
    scene = np.full((WH[1], WH[0]), 90, np.float32)
    scene[HORIZON:, ::16] = 60
    at = 500 + SPEED * time_s
    columns = np.arange(WH[0], dtype=np.float32) + np.float32(at)
    rows = np.arange(HORIZON, dtype=np.float32)
    scene[:HORIZON] = cv2.remap(CLOUDS, np.tile(columns, (HORIZON, 1)), np.tile(rows[:, None], WH[0]), cv2.INTER_LINEAR)
    if smokes:
        scene[PLUME] += SMOKE_LEVELS
    scene[90:HORIZON, 156:168] = 40
    return np.repeat((scene * np.float32(gain))[..., None], 3, axis=2)


def usual(pictures: int = 9) -> NDArray[np.float32]:
    """Return how the place usually looks."""
    return np.median([picture(number / 2) for number in range(pictures)], axis=0).astype(np.float32)


def watched(seconds: float = 10.0, *, swing: float = 0.0) -> Drift:
    """Return a watch that has seen the sky for so long, twice a second, as its exposure swings."""
    drift = Drift()
    for number in range(round(seconds * 2)):
        drift.learn(picture(number / 2, gain=1 + swing * np.sin(number / 3)), moment(number / 2), usual())
    return drift


def left_in(sky: Sky | None, where: tuple[slice, slice]) -> float:
    """Return the mean of what is left in a piece, in grey levels."""
    assert sky is not None
    return float(sky.left[where].mean())


def test_the_speed_of_the_clouds_is_found() -> None:
    """Four cells a second to the left, the same in the whole sky."""
    drift = watched()
    drift.sky(picture(10.0), moment(10.0), usual())

    assert drift.motion is not None
    velocity = drift.motion.cells_a_s
    across, down = velocity[0] + 0.25 * velocity[2] + 0.0625 * velocity[3]
    assert across == pytest.approx(-SPEED, rel=0.1)
    assert down == pytest.approx(0, abs=0.2)


def test_clouds_that_drive_on_leave_next_to_nothing() -> None:
    """Half a second later they are where they were going, though no cell looks as usual."""
    sky = watched().sky(picture(10.0), moment(10.0), usual())

    assert sky is not None
    inner = (slice(10, 80), slice(40, 280))
    assert float(np.abs(picture(10.0) - usual())[inner].mean()) > 10
    assert float(np.abs(sky.left[inner]).mean()) < 1.5
    assert float(sky.share[inner].mean()) > 0.9


def test_a_plume_before_driving_clouds_is_left() -> None:
    """It neither stays as usual nor drives on: most of its brightness is left, and little beside it."""
    sky = watched().sky(picture(10.0, smokes=True), moment(10.0), usual())

    assert left_in(sky, PLUME) > 0.6 * SMOKE_LEVELS
    assert abs(left_in(sky, (PLUME[0], slice(200, 225)))) < 0.2 * SMOKE_LEVELS


def test_what_stands_before_the_sky_belongs_to_nothing_that_drifts() -> None:
    """Neither the stack nor the works below."""
    sky = watched().sky(picture(10.0), moment(10.0), usual())

    assert sky is not None
    assert float(sky.share[92:98, 158:166].max()) < 0.5
    assert float(sky.share[120:].max()) == 0


def test_exposure_that_swings_is_no_change() -> None:
    """Pictures are compared as bright as each other: ten per cent up and down leave the plume what it was."""
    sky = watched(swing=0.1).sky(picture(10.0, smokes=True, gain=1.1), moment(10.0), usual())

    assert left_in(sky, PLUME) > 0.5 * SMOKE_LEVELS
    assert abs(left_in(sky, (PLUME[0], slice(200, 225)))) < 0.3 * SMOKE_LEVELS


def test_nothing_drifts_where_nothing_moves() -> None:
    """A clear sky, with noise, has no field of velocities, and neither has one that was forgotten."""
    drift, noise = Drift(), np.random.default_rng(5)
    still = picture(0.0)
    for number in range(20):
        drift.learn(still + noise.normal(0, 1.5, still.shape).astype(np.float32), moment(number / 2), still)

    assert drift.sky(still, moment(10.0), still) is None
    assert drift.motion is None


def test_after_a_turn_the_sky_is_learned_anew() -> None:
    """What was seen before says nothing about another sky."""
    drift = watched()
    drift.forget()

    assert drift.sky(picture(10.0), moment(10.0), usual()) is None
    assert drift.motion is None


def test_pictures_of_no_order_are_not_taken_for_drift() -> None:
    """A sky that is another one in every picture moves nowhere together."""
    drift, where = Drift(), np.random.default_rng(7)
    for number in range(20):
        drift.learn(picture(float(where.uniform(0, 100))), moment(number / 2), usual())

    assert drift.sky(picture(50.0), moment(10.0), usual()) is None


def test_the_magnifier_shows_a_plume_before_a_calm_sky() -> None:
    """The clouds' shapes are gone from the picture, and what is left stands out."""
    magnifier = Magnifier()
    for number in range(20):
        image = np.ascontiguousarray(np.repeat(np.repeat(picture(number / 2), 2, 0), 2, 1)).astype(np.uint8)
        magnifier.learn(image, moment(number / 2))
    plain = np.repeat(np.repeat(picture(10.0, smokes=True), 2, 0), 2, 1).astype(np.uint8)
    magnified = magnifier.look(plain, moment(10.0))

    assert magnified is not None
    beside = (slice(90, 180), slice(400, 560))
    plume = (slice(100, 170), slice(306, 344))
    assert float(magnified.image[beside].std()) < 0.5 * float(plain[beside].std())
    assert float(magnified.image[plume].mean()) - float(magnified.image[beside].mean()) > SMOKE_LEVELS
    assert np.abs(magnified.image[220:].astype(int) - plain[220:]).max() <= 2


@pytest.mark.parametrize("wh", [(2, 2), (16, 9), (64, 64), (641, 361), (360, 640)])
def test_pictures_of_any_size_can_be_looked_at(wh: tuple[int, int]) -> None:
    """Tiny ones are too small for anything to drift in; odd and upright ones keep their size."""
    width, height = wh
    rng = np.random.default_rng(2)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (height, width + 48, 3), np.uint8), (0, 0), 4)
    magnifier = Magnifier()
    for number in range(16):
        image = np.ascontiguousarray(wide[:, 3 * number : 3 * number + width])
        again = magnifier.look(image, moment(number / 2))
        assert again is None or again.image.shape == image.shape
        magnifier.learn(image, moment(number / 2))


def test_clouds_behind_a_stack_drive_with_the_others() -> None:
    """A tall stack holds back the flow that is measured around it, not the clouds behind its lip."""

    def before_a_stack(time_s: float) -> NDArray[np.float32]:
        scene = picture(time_s)
        scene[30:, 148:164] = 60
        scene[30:33, 146:166] = 40
        return scene

    pictures = [before_a_stack(number / 2) for number in range(21)]
    place = np.median(pictures[:9], axis=0).astype(np.float32)
    drift = Drift()
    for number, each in enumerate(pictures[:-1]):
        drift.learn(each, moment(number / 2), place)
    sky = drift.sky(pictures[-1], moment(10.0), place)

    assert sky is not None
    beside = (slice(34, 70), slice(120, 140))
    above = (slice(8, 26), slice(140, 172))
    for near in (beside, above):
        assert float(sky.share[near].mean()) > 0.9
        assert float(np.abs(sky.left[near]).mean()) < 2.0
