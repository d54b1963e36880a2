"""Background: what the camera or the weather does to the whole picture is told from what happens in it."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest

from streams.frame import BgrImage
from tests.vision.moments import CARD, boxes, frame, grainy, moment
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.confirm.classifier import ClassWeights, TrackClassifier
from vision.confirm.features import FEATURES
from vision.scene.background import Background, Condition

SIZE_WH = (640, 360)


def place(seed: int = 3, x: int = 0, y: int = 0) -> BgrImage:
    """Return a picture of a place with walls and windows, seen a few pixels further right or down."""
    return np.ascontiguousarray(_grounds(seed)[80 + y : 440 + y, 90 + x : 730 + x])


@cache
def _grounds(seed: int) -> BgrImage:
    """Return the place and what surrounds it."""
    rng = np.random.default_rng(seed)
    image = np.full((520, 820, 3), (150, 130, 110), np.uint8)
    for _ in range(120):
        left, top = (int(v) for v in rng.integers(0, (780, 480)))
        wide, high = (int(v) for v in rng.integers(8, 120, 2))
        colour = tuple(int(v) for v in rng.integers(20, 230, 3))
        cv2.rectangle(image, (left, top), (left + wide, top + high), colour, -1)
    return image


def rainy(seconds: float) -> BgrImage:
    """Return the place behind a thousand bright streaks, others in every picture."""
    image = grainy(place(), seconds)
    rng = np.random.default_rng(int(seconds * 1000))
    for x, y in rng.integers(0, SIZE_WH, (1500, 2)):
        cv2.line(image, (int(x), int(y)), (int(x) + 1, int(y) + 9), (235, 235, 235), 1)
    return image


def conditions(pictures: Callable[[float], BgrImage], seconds: float = 20.0) -> list[str]:
    """Return what is told of pictures at 2 a second."""
    background = Background()
    return [background.observe(pictures(i / 2), moment(i / 2)).value for i in range(int(2 * seconds))]


def test_the_first_picture_tells_nothing() -> None:
    """There is nothing to compare it with."""
    assert Background().observe(place(), moment(0)) is Condition.CALM


def test_a_fixed_camera_is_calm() -> None:
    """Sensor noise alone is nothing."""
    assert set(conditions(lambda s: grainy(place(), s))) == {"calm"}


def test_a_plume_is_no_condition() -> None:
    """A third of the picture behind smoke that boils is what the camera is there to see."""

    def smoking(s: float) -> BgrImage:
        image = grainy(place(), s)
        if s >= 5:
            boil = cv2.resize(np.random.default_rng(int(2 * s)).integers(30, 90, (6, 6, 1), np.uint8), (300, 250))
            image[50:300, 200:500] = boil[..., None]
        return image

    assert set(conditions(smoking)) == {"calm"}


def test_traffic_is_no_condition() -> None:
    """Cars that cross the picture are not the camera's doing."""

    def busy(s: float) -> BgrImage:
        image = grainy(place(), s)
        for lane in range(4):
            x = int(s * 150 + lane * 170) % 640
            cv2.rectangle(image, (x, 200 + 35 * lane), (x + 90, 230 + 35 * lane), (240, 240, 240), -1)
        return image

    assert set(conditions(busy)) == {"calm"}


def test_a_step_of_exposure_is_told_once() -> None:
    """The picture in which exposure steps cannot be compared with the one before; the next one can."""
    told = conditions(lambda s: grainy(place() // (2 if s >= 10 else 1), s))

    assert told == ["calm"] * 20 + ["exposure"] + ["calm"] * 19


def test_a_slow_dusk_is_calm() -> None:
    """Light that fades over minutes steps nowhere."""
    assert set(conditions(lambda s: grainy((place() * (1 - s / 60)).astype(np.uint8), s), 40)) == {"calm"}


def test_lightning_is_told_from_a_step() -> None:
    """A picture that is bright for half a second and then as before was a flash."""
    told = conditions(
        lambda s: np.clip(grainy(place(), s).astype(np.int16) + (70 if s == 10 else 0), 0, 255).astype(np.uint8)
    )

    assert told == ["calm"] * 20 + ["exposure", "flash"] + ["calm"] * 18


def test_a_switch_to_infra_red_settles_for_two_seconds() -> None:
    """Colour goes and levels change: nothing is steady until the exposure has settled."""
    assert conditions(infrared) == ["calm"] * 20 + ["infrared"] * 4 + ["calm"] * 16


def test_a_turned_camera_settles_for_two_seconds() -> None:
    """Another place at once: the camera went to another preset."""
    assert conditions(lambda s: grainy(place(9 if s >= 10 else 3), s)) == ["calm"] * 20 + ["turned"] * 4 + ["calm"] * 16


def test_a_camera_in_a_hand_is_never_turned() -> None:
    """Where every picture is unlike the last one none stands out, and fires can still be confirmed."""
    told = conditions(lambda s: grainy(place(int(s * 2)), s))

    assert "turned" not in told[6:]


@pytest.mark.parametrize(("shake_px", "expected"), [(0.0, False), (4.0, True)])
def test_a_mast_in_the_wind_shakes(shake_px: float, expected: bool) -> None:
    """Pictures that move by a few pixels from one to the next are told, and stay comparable."""
    way = np.random.default_rng(5).normal(0, shake_px, (80, 2)).astype(int)
    told = conditions(lambda s: grainy(place(x=way[int(2 * s), 0], y=way[int(2 * s), 1]), s))

    assert ("shake" in told) is expected
    assert all(Condition(one).is_steady for one in told)


def test_rain_is_told_after_three_seconds_and_when_it_ends() -> None:
    """Fine unrest everywhere that was not there before is rain; it is steady, for smoke can be seen through it."""
    told = conditions(lambda s: rainy(s) if 10 <= s < 20 else grainy(place(), s), 30)

    assert set(told[:20]) == {"calm"}
    assert told[26:40] == ["rain"] * 14
    assert told[50:] == ["calm"] * 10
    assert Condition.RAIN.is_steady


def infrared(s: float) -> BgrImage:
    """Return the place, from 10 s on in infra-red."""
    if s < 10:
        return grainy(place(), s)
    grey = cv2.cvtColor(grainy(255 - place() // 2, s), cv2.COLOR_BGR2GRAY)
    return np.repeat(grey[..., None], 3, axis=2)


def shaken(s: float) -> BgrImage:
    """Return the place from a mast in a gale."""
    x, y = np.random.default_rng(int(2 * s)).normal(0, 1.5, 2).astype(int)
    return grainy(place(x=int(x), y=int(y)), s)


def flashed(s: float) -> BgrImage:
    """Return the place with lightning every five seconds."""
    bright = 90 if s % 5 == 0 else 0
    return np.clip(grainy(place(), s).astype(np.int16) + bright, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        infrared,
        shaken,
        flashed,
        rainy,
        lambda s: grainy(place(int(s) // 7), s),
        lambda s: grainy(place() // (2 if s % 8 < 4 else 1), s),
    ],
    ids=["infrared", "shake", "lightning", "rain", "presets", "exposure"],
)
@pytest.mark.parametrize("confirm", ["belief", "k_of_n"])
def test_a_sign_is_no_lead_whatever_the_camera_does(picture: Callable[[float], BgrImage], confirm: str) -> None:
    """A sure box over the same piece of the picture is not reported because the camera changed every pixel of it."""
    rules = {"smoke": {"confirm": confirm}}
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}], "rules": rules})
    sure = TrackClassifier("test", 0.5, {"smoke": ClassWeights(9.0, np.zeros(len(FEATURES)))})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD, sure)
    changes = []
    for i in range(60):
        box = boxes(("smoke", 0.9, (200, 100, 320, 220)))
        changes += analyser.observe(frame(picture(i / 2), moment(i / 2)), box)

    seen = [change.lead.state.value for change in changes if change.lead.rule_id == "smoke.visible"]
    assert seen[:1] == ["candidate"]
    assert "confirmed" not in seen


def test_the_same_pictures_give_the_same_conditions() -> None:
    """It is a function of the pictures, and leaves them as they were."""
    image = place()
    before = image.copy()
    Background().observe(image, moment(0))

    assert conditions(rainy, 8) == conditions(rainy, 8)
    assert np.array_equal(image, before)
