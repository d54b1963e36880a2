"""Watching an outlet: synthetic pictures of known opacity before a textured wall, two a second."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.detections import Xyxy
from streams.frame import BgrImage
from tests.vision.moments import moment
from vision.config.camera import ZoneConfig
from vision.config.zones import ZoneKind
from vision.plume.outlets import Glance, OutletWatch
from vision.plume.readings import PlumeColour, Reading
from vision.plume.sun import SunRule
from vision.plume.validity import Note, Refusal
from vision.scene.light import linear

SIZE_WH = (320, 240)
ZONE = ZoneConfig(
    name="DA001",
    kind=ZoneKind.OUTLET,
    polygon=((0.4375, 0.625), (0.5625, 0.625), (0.5625, 0.9), (0.4375, 0.9)),
)
"""40 pixels wide, its lip at row 150."""

MORNING = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
SMOKE: Xyxy = (125.0, 20.0, 195.0, 155.0)
STEP_S = 0.5
_LEVELS = linear(np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2))[0, :, 0]


@cache
def _wall() -> NDArray[np.float64]:
    """A yellowish wall with texture over a dark street, linear ``(h, w, 3)``."""
    rng = np.random.default_rng(5)
    coarse = cv2.resize(rng.uniform(0.1, 0.5, (60, 80)), SIZE_WH, interpolation=cv2.INTER_CUBIC)
    wall = np.clip(np.dstack([coarse * 0.8, coarse, coarse * 1.1]), 0.05, 0.6)
    wall[210:] *= 0.1
    return wall


@cache
def picture(seconds: float, opacity: float, own: float, gain: float = 1.0) -> BgrImage:
    """The outlet before the wall at some second, a plume of that opacity and light of its own above it."""
    rng = np.random.default_rng(int(seconds * 10) + 7)
    field = np.zeros(SIZE_WH[::-1])
    field[20:150, 130:190] = opacity
    field = cv2.GaussianBlur(field, (0, 0), 8.0)[..., None]
    codes = np.interp(((1 - field) * _wall() + field * own) * gain, _LEVELS, np.arange(256))
    return np.clip(np.round(codes + rng.normal(0, 1.5, codes.shape)), 0, 255).astype(np.uint8)


def _glances(
    start_s: float, end_s: float, opacity: float = 0.0, own: float = 0.0, *, boxed: bool = True, epoch: int = 0
) -> Iterable[Glance]:
    for number in range(int(start_s / STEP_S), int(end_s / STEP_S)):
        seconds = number * STEP_S
        smoke = [SMOKE] if opacity > 0 and boxed else []
        yield Glance(picture(seconds, opacity, own), moment(seconds, epoch), smoke)


def _watched(*spans: Iterable[Glance]) -> list[Reading]:
    watch = OutletWatch(ZONE)
    return [reading for span in spans for glance in span if (reading := watch.observe(glance)) is not None]


@pytest.mark.parametrize(
    ("own", "colour"), [(0.01, PlumeColour.BLACK), (0.15, PlumeColour.GREY), (0.5, PlumeColour.WHITE)]
)
def test_a_plume_is_read_every_fifteen_seconds(own: float, colour: PlumeColour) -> None:
    """After a clean quarter of a minute, black, grey and white plumes of 60 % are read as such, with their colour."""
    clean, seen = _watched(_glances(0, 15), _glances(15, 30.5, 0.6, own))
    assert clean.opacity == pytest.approx(0.0, abs=0.02)
    assert (clean.emission_s, seen.refusal, seen.colour) == (0.0, None, colour)
    assert seen.opacity == pytest.approx(0.6, abs=0.03)
    assert (seen.pictures, seen.background_age_s) == (30, pytest.approx(3.0, abs=3.0))
    assert seen.emission_s == seen.observed_s == pytest.approx(14.5)


def test_one_stray_box_does_not_make_a_plume_old() -> None:
    """
    What is first boxed is held back while it may yet turn out to be steam, whatever was boxed seconds before; not for
    longer than steam takes to be seen to churn.
    """
    watch = OutletWatch(ZONE)
    for glance in _glances(0, 6):
        watch.observe(glance)
    watch.observe(Glance(picture(6.0, 0.0, 0.0), moment(6.0), [SMOKE]))
    for span in (_glances(6.5, 10), _glances(10, 13, 0.02, 0.5)):
        for glance in span:
            watch.observe(glance)

    assert watch.defers(SMOKE)
    for glance in _glances(13, 13.5, 0.02, 0.5):
        watch.observe(glance)
    assert not watch.defers(SMOKE)


def test_what_smokes_from_the_beginning_gets_no_number() -> None:
    """Without clean pictures nothing is known of what stands behind: no reading, however long it lasts."""
    readings = _watched(_glances(0, 46, 0.6))
    assert [reading.refusal for reading in readings] == [Refusal.NO_CLEAN_BACKGROUND] * 3


def test_a_plume_without_a_box_does_not_become_the_background() -> None:
    """A detector that misses a plume does not make it clean: it still differs from what stood there before."""
    readings = _watched(_glances(0, 15), _glances(15, 60.5, 0.5, 0.1, boxed=False))
    assert [reading.opacity for reading in readings[1:]] == [pytest.approx(0.5, abs=0.03)] * 3
    assert [reading.emission_s for reading in readings] == [0.0] + [pytest.approx(14.5)] * 3


def test_an_old_background_is_not_believed() -> None:
    """Ten minutes after the outlet was last seen clean, light and shadows are others."""
    readings = _watched(_glances(0, 15), _glances(15, 16.5, 0.6), _glances(620, 651, 0.6))
    assert (readings[-1].refusal, readings[-1].background_age_s) == (Refusal.OLD_BACKGROUND, pytest.approx(620, abs=5))


def test_a_sudden_change_of_the_picture_ends_what_was_known() -> None:
    """After a switch of exposure or lamp the background is learnt anew; until then there is no number."""
    watch = OutletWatch(ZONE)
    for glance in _glances(0, 15.5):
        watch.observe(glance)
    watch.observe(Glance(picture(15.5, 0.5, 0.1, gain=0.4), moment(15.5), [SMOKE], is_steady=False))
    for glance in _glances(16, 31, 0.5, 0.1):
        watch.observe(glance)
    assert watch.readings[-1].refusal is Refusal.NO_CLEAN_BACKGROUND


def test_a_new_epoch_begins_anew() -> None:
    """Nothing of one epoch is held against another."""
    readings = _watched(_glances(0, 15.5), _glances(0, 15.5, 0.5, epoch=1))
    assert [reading.refusal for reading in readings[1:]] == [Refusal.NO_CLEAN_BACKGROUND]


def test_the_same_pictures_give_the_same_readings() -> None:
    """Readings are a function of what was shown, to the last bit."""
    spans = [(0, 15, 0.0), (15, 30.5, 0.4)]
    once, again = (_watched(*(_glances(*span) for span in spans)) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(("rainy", "refusal"), [(10, None), (20, Refusal.WEATHER)])
def test_what_rain_falls_before_is_not_read(rainy: int, refusal: Refusal | None) -> None:
    """Where it rains in more than half of the pictures the weather is named, and no steam in it."""
    watch = OutletWatch(ZONE)
    for number, glance in enumerate(_glances(0, 30.5, 0.0)):
        watch.observe(replace(glance, is_rain=30 <= number < 30 + rainy))
    assert [reading.refusal for reading in watch.readings] == [None, refusal]


def test_a_narrow_outlet_is_refused_by_name() -> None:
    """Five pixels are too few to see texture through."""
    narrow = ZONE.model_copy(update={"polygon": ((0.49, 0.6), (0.505, 0.6), (0.505, 0.9), (0.49, 0.9))})
    watch = OutletWatch(narrow)
    for glance in _glances(0, 30.5):
        watch.observe(glance)
    assert [reading.refusal for reading in watch.readings] == [Refusal.NARROW_OUTLET] * 2


@pytest.mark.parametrize(
    ("distance_m", "sun", "refusal"),
    [(400.0, SunRule(), None), (401.0, SunRule(), Refusal.TOO_FAR), (None, SunRule(0, 0, 90), Refusal.SUN_IN_FRONT)],
)
def test_distance_and_sun_refuse_by_name(distance_m: float | None, sun: SunRule, refusal: Refusal | None) -> None:
    """Beyond 400 m nothing is read, nor with the sun before the camera: it is in the east in the morning."""
    watch = OutletWatch(ZONE.model_copy(update={"distance_m": distance_m}), sun)
    for glance in _glances(0, 31):
        watch.observe(replace(glance, time=replace(glance.time, utc=MORNING, uncertainty_s=0.1)))
    reading = watch.readings[-1]
    assert (reading.refusal, reading.least) == (refusal, None)
    assert (Note.SUN_UNKNOWN in reading.notes) == (sun.azimuth_deg is None)
