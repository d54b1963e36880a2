"""Fog: a veil that rises over the whole picture is told, smoke and pale places are none, and no lead comes of it."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from streams.frame import BgrImage
from tests.vision.faults import YARD, grain, hazy
from tests.vision.moments import CARD, boxes, frame, moment
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.leads.lead import WorkerLeadState
from vision.scene.fog import LASTS_S, FogWatch

DARKENED = np.asarray(YARD // 2, np.uint8)


def _thick(number: int) -> BgrImage:
    """The yard behind fog that comes within 20 s of 40 pictures and leaves a fifth of its contrast."""
    return hazy(number, 1 - 0.8 * min(1.0, number / 40))


def _smoking(number: int) -> BgrImage:
    """The yard with a grey plume over half of the picture, another one each time."""
    image = grain(DARKENED, number)
    rows = np.random.default_rng(number).integers(150, 200, (90, 320, 1), np.uint8)
    image[:90] = cv2.addWeighted(image[:90], 0.2, np.repeat(rows, 3, axis=2), 0.8, 0)
    return image


def _told(pictures: Callable[[int], BgrImage], count: int = 120) -> float | None:
    """Return after how many seconds fog is told, of two pictures a second, after 30 s of the clear yard."""
    watch = FogWatch()
    for number in range(60):
        watch.observe(grain(DARKENED, number), moment(number / 2))
        assert not watch.is_foggy
    for number in range(count):
        watch.observe(pictures(number), moment(30 + number / 2))
        if watch.is_foggy:
            return number / 2
    return None


def test_a_bank_that_rolls_in_is_told() -> None:
    """Before the whole of it is there."""
    told_s = _told(_thick)
    assert told_s is not None
    assert told_s <= 20


@pytest.mark.parametrize("pictures", [_smoking, lambda n: grain(DARKENED, n), lambda n: grain(YARD, n)])
def test_smoke_and_brighter_light_are_no_fog(pictures: Callable[[int], BgrImage]) -> None:
    """A plume covers a part of the picture, and an exposure that rises leaves shadows dark."""
    assert _told(pictures) is None


def test_a_veil_that_is_there_at_once_is_no_fog() -> None:
    """Exposure or a lamp can veil a picture from one to the next; fog that comes after it is told as ever."""
    watch = FogWatch()
    for number in range(60):
        watch.observe(grain(DARKENED, number), moment(number / 2))
    watch.jump(hazy(60, 0.7))
    for number in range(60, 120):
        watch.observe(hazy(number, 0.7), moment(number / 2))
        assert not watch.is_foggy
    for number in range(120, 180):
        watch.observe(hazy(number, max(0.1, 0.7 - (number - 120) / 40)), moment(number / 2))
    assert watch.is_foggy


def test_fog_outlasts_a_change_of_light() -> None:
    """What lies over the picture before it is brighter lies over it afterwards."""
    watch = FogWatch()
    for number in range(60):
        watch.observe(grain(DARKENED, number), moment(number / 2))
    for number in range(60, 120):
        watch.observe(hazy(number, 0.2), moment(number / 2))
    brighter = [np.clip(hazy(n, 0.2).astype(np.int16) + 30, 0, 255).astype(np.uint8) for n in range(60)]
    watch.jump(brighter[0])
    for number, picture in enumerate(brighter):
        watch.observe(picture, moment(60 + number / 2))
        assert watch.is_foggy


def test_a_bank_that_a_patrol_sees_rise_by_steps_is_fog() -> None:
    """Two pictures of a patrol can differ as after a step of exposure; fog goes on rising after it."""
    watch = FogWatch()
    for number in range(30):
        watch.observe(grain(DARKENED, number), moment(2.0 * number))
    for number, share in enumerate((0.8, 0.6, 0.4)):
        watch.jump(hazy(number, share))
    for number, share in enumerate((0.25, 0.2, 0.2, 0.2)):
        watch.observe(hazy(number, share), moment(66 + 2.0 * number))
    assert watch.is_foggy


def test_a_camera_that_shows_nothing_dark_is_not_judged() -> None:
    """What is pale on the clearest day is no fog when it gets a little paler."""
    watch = FogWatch()
    for number in range(200):
        watch.observe(hazy(number, 0.5 if number < 100 else 0.2), moment(number / 2))
        assert not watch.is_foggy


def test_fog_goes_and_what_stays_for_hours_is_how_the_camera_looks() -> None:
    """It is over once the picture is clear, at the latest after two hours; a new epoch begins anew."""
    watch = FogWatch()
    for number in range(60):
        watch.observe(grain(DARKENED, number), moment(number / 2))
    for number in range(20):
        watch.observe(hazy(number, 0.2), moment(30 + number))
    assert watch.since is not None
    assert 30 <= watch.since.seconds_since(moment(0.0)) <= 34
    for number in range(5):
        watch.observe(grain(DARKENED, number), moment(60 + number))
    assert not watch.is_foggy
    for seconds in (*range(70, 90), LASTS_S + 100, LASTS_S + 101):
        watch.observe(hazy(1, 0.2), moment(float(seconds)))
    assert not watch.is_foggy
    watch.observe(hazy(1, 0.2), moment(0.0, epoch=1))
    assert not watch.is_foggy


@pytest.mark.parametrize("class_name", ["smoke", "fire"])
def test_fog_is_a_finding_and_holds_no_lead_back(class_name: str) -> None:
    """Sure boxes of either class are confirmed while it lies over the picture (decision 0085)."""
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}]})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    changes = []
    for number in range(200):
        image = grain(DARKENED, number) if number < 60 else _thick(number - 60)
        found = boxes()
        if number >= 110:
            image = image.copy()
            image[60:120, 100:160] = np.random.default_rng(number).integers(90, 250, (60, 60, 3), np.uint8)
            found = boxes((class_name, 0.8, (100.0, 60.0, 160.0, 120.0)))
        changes += analyser.observe(frame(image, moment(number / 2)), found)
    assert analyser.fog.is_foggy
    confirmed = [change for change in changes if change.lead.state is WorkerLeadState.CONFIRMED]
    assert len(confirmed) == 1
