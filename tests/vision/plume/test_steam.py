"""The steam test: white plumes that end near the lip, told from those that go on, from dark ones and from clouds."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame import BgrImage
from tests.vision.faults import YARD
from tests.vision.moments import CARD, boxes, frame, moment
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.config.zones import Outlet
from vision.leads.lead import WorkerLeadState
from vision.plume.dissipation import Dissipation
from vision.plume.steam import SteamTest
from vision.plume.validity import Refusal

SIZE_WH = (320, 240)
OUTLET = Outlet(100.0, 200.0, 16.0)
WHITE, DARK = 235, 50
PLACE = np.asarray(cv2.resize(YARD, SIZE_WH, interpolation=cv2.INTER_AREA), np.float64)
SKY = (200, 150, 120)
Level = tuple[float, float, float]


def _air(rng: np.random.Generator, cloud: int = 0) -> NDArray[np.float64]:
    """A clear sky, a bright cloud down to a row, and ground."""
    sky = np.tile(np.array(SKY, np.float64), (*SIZE_WH[::-1], 1))
    sky[:cloud] = WHITE
    sky[205:] = np.tile(np.array([60, 90, 90]), (35, SIZE_WH[0], 1))
    return sky + rng.normal(0, 1.5, sky.shape)


def _plume(rng: np.random.Generator, level: int, widths: float, cloud: int = 0) -> BgrImage:
    """A column of puffs, up and to the right, others in every picture, as long as `widths` of the outlet."""
    image = _air(rng, cloud)
    y, x = np.mgrid[0 : SIZE_WH[1], 0 : SIZE_WH[0]]
    for along in np.arange(0.3, widths, 0.4):
        at_x, at_y = OUTLET.x + along * 16 * 0.5 + rng.normal(0, 4), OUTLET.y - along * 16 * 0.85 + rng.normal(0, 4)
        share = rng.uniform(0.2, 0.9) * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * 9.0**2))
        image += share[..., None] * (level - image)
    return np.clip(image, 0, 255).astype(np.uint8)


def _judged(level: int, widths: float, pictures: int = 14) -> tuple[SteamTest, Dissipation | None]:
    rng, test = np.random.default_rng(3), SteamTest(OUTLET, SIZE_WH)
    fading = None
    for _ in range(pictures):
        fading = test.observe(_plume(rng, level, widths))
    return test, fading


@pytest.mark.parametrize(
    ("level", "widths", "is_steam"), [(WHITE, 4.5, True), (WHITE, 12.0, False), (DARK, 4.5, False)]
)
def test_steam_is_white_and_ends_near_the_lip(level: int, widths: float, *, is_steam: bool) -> None:
    """White and short is steam; white and long is smoke, and so is dark and short."""
    test, fading = _judged(level, widths)
    assert fading is not None
    assert (test.is_steam, test.may_be_steam, fading.is_whole) == (is_steam, is_steam, True)


@pytest.mark.parametrize("widths", [4.5, 12.0])
def test_before_a_cloud_as_bright_as_itself_no_white_plume_is_called_steam(widths: float) -> None:
    """Where its end cannot be seen it may be steam and may be smoke: it is withheld, and not named."""
    rng, test = np.random.default_rng(3), SteamTest(OUTLET, SIZE_WH)
    for _ in range(14):
        test.observe(_plume(rng, WHITE, widths, cloud=150))
    assert (test.is_steam, test.may_be_steam) == (False, True)


def test_an_empty_sky_is_not_steam() -> None:
    """Where nothing churns nothing is said of steam."""
    test, fading = _judged(WHITE, 0.0)
    assert fading is not None
    assert (test.is_steam, fading.near < 1.0) == (False, True)


def test_a_white_sky_does_not_whiten_the_smoke_that_comes() -> None:
    """Dark smoke after a quarter of a minute of clean, bright air is at no picture taken for what may be steam."""
    rng, test = np.random.default_rng(3), SteamTest(OUTLET, SIZE_WH)
    for _ in range(30):
        test.observe(_plume(rng, WHITE, 0.0, cloud=200))
    told = []
    for _ in range(30, 40):
        test.observe(_plume(rng, DARK, 4.5, cloud=200))
        told.append((test.may_be_steam, test.is_undecided))
    assert told[2:] == [(False, False)] * 8


def _shaded(rng: np.random.Generator, level: Level, taper: float) -> BgrImage:
    """A plume before an even, overcast sky: as strong to the end of its 4.5 widths, or fading over `taper` widths."""
    image = np.full((*SIZE_WH[::-1], 3), 215.0) + rng.normal(0, 0.8, (*SIZE_WH[::-1], 3))
    y, x = np.mgrid[0 : SIZE_WH[1], 0 : SIZE_WH[0]]
    for along in np.arange(0.3, 4 * taper if taper else 4.5, 0.4):
        at_x, at_y = OUTLET.x + along * 16 * 0.5 + rng.normal(0, 4), OUTLET.y - along * 16 * 0.85 + rng.normal(0, 4)
        strength = rng.uniform(0.2, 0.9) * (np.exp(-along / taper) if taper else 1.0)
        share = strength * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * 9.0**2))
        image += share[..., None] * (np.array(level) - image)
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("level", "taper", "is_pale", "may_be"),
    [
        ((150.0, 150.0, 150.0), 0.0, True, True),
        ((150.0, 150.0, 150.0), 6.0, True, False),
        ((60.0, 60.0, 60.0), 0.0, False, False),
        ((110.0, 180.0, 205.0), 0.0, False, False),
    ],
)
def test_what_is_pale_may_be_steam_where_it_ends_at_once(
    level: Level, taper: float, *, is_pale: bool, may_be: bool
) -> None:
    """The shaded side of steam: a pale plume that tapers is smoke, and so is what is darker, or yellow."""
    rng, test = np.random.default_rng(3), SteamTest(OUTLET, SIZE_WH)
    fading = None
    for _ in range(14):
        fading = test.observe(_shaded(rng, level, taper))
    assert fading is not None
    assert (fading.is_white, fading.is_pale) == (False, is_pale)
    assert (test.may_be_steam, test.is_steam) == (may_be, False)


def test_a_white_plume_is_undecided_until_it_goes_on() -> None:
    """Short, it stays so; long, it is smoke as soon as it is seen far out."""
    short, long = (SteamTest(OUTLET, SIZE_WH) for _ in range(2))
    rng = np.random.default_rng(3)
    for _ in range(12):
        short.observe(_plume(rng, WHITE, 4.5))
        long.observe(_plume(rng, WHITE, 12.0))
    assert (short.is_undecided, long.is_undecided) == (True, False)


def test_few_pictures_say_nothing() -> None:
    """Before five pictures nothing is said; after a jump of the picture it begins anew."""
    test, fading = _judged(WHITE, 4.5, pictures=4)
    assert (fading, test.is_steam) == (None, False)
    test, _ = _judged(WHITE, 4.5)
    test.begin_anew()
    assert not test.is_steam


def test_a_plume_that_leaves_the_picture_is_not_called_steam() -> None:
    """Where the picture ends before the steam would, nobody knows how long the plume is."""
    rng, test = np.random.default_rng(3), SteamTest(Outlet(100.0, 70.0, 16.0), (320, 110))
    fading = None
    for _ in range(10):
        fading = test.observe(np.ascontiguousarray(_plume(rng, WHITE, 4.5)[130:]))
    assert fading is not None
    assert (fading.is_whole, test.is_steam) == (False, False)


def test_clouds_that_drift_behind_do_not_lengthen_the_steam() -> None:
    """A bright cloud that moves evenly bends nothing: the second difference of its levels is small."""
    rng, test = np.random.default_rng(3), SteamTest(OUTLET, SIZE_WH)
    x = np.arange(SIZE_WH[0])
    for number in range(14):
        cloud = 40 / (1 + np.exp(-(x - 60 - 2.0 * number) / 12)) - 40 / (1 + np.exp(-(x - 200 - 2.0 * number) / 12))
        image = _plume(rng, WHITE, 4.5).astype(np.float64)
        image[:120] += cloud[None, :, None]
        test.observe(np.clip(image, 0, 255).astype(np.uint8))
    assert test.is_steam


@pytest.mark.parametrize(("level", "is_outlet", "leads"), [(WHITE, True, 0), (WHITE, False, 1), (DARK, True, 1)])
def test_steam_above_an_outlet_raises_no_lead(level: int, *, is_outlet: bool, leads: int) -> None:
    """What a detector takes for smoke there is withheld from rules; dark smoke is not, nor what has no narrow foot."""
    (left, right), top = ((OUTLET.x + side * 8) / SIZE_WH[0] for side in (-1, 1)), OUTLET.y / SIZE_WH[1]
    zone = {"name": "DA001", "kind": "outlet", "polygon": [[left, top], [right, top], [right, 0.95], [left, 0.95]]}
    camera = {"id": "cam", "source": "x.mp4", "zones": [zone] if is_outlet else []}
    config = parse_config({"cameras": [camera]})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    rng, changes = np.random.default_rng(3), []
    for number in range(64):
        found = boxes(("smoke", 0.6, (90.0, 130.0, 150.0, 202.0)))
        changes += analyser.observe(frame(_plume(rng, level, 4.5), moment(number / 2)), found)
    confirmed = [change for change in changes if change.lead.state is WorkerLeadState.CONFIRMED]
    assert len(confirmed) == leads


def test_rain_over_the_whole_picture_is_named_and_no_steam() -> None:
    """What falls everywhere churns above the outlet too: readings are refused for it, and no box is withheld."""
    zone = {"name": "DA001", "kind": "outlet", "polygon": [[0.29, 0.83], [0.34, 0.83], [0.34, 0.95], [0.29, 0.95]]}
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": [zone]}]})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    rng, refusals, leads = np.random.default_rng(3), [], []
    for number in range(64):
        falling = PLACE + rng.normal(0, 20, (SIZE_WH[1], SIZE_WH[0], 1))
        picture = np.clip(falling, 0, 255).astype(np.uint8)
        found = boxes(("smoke", 0.8, (90.0, 130.0, 150.0, 202.0)))
        leads += analyser.observe(frame(picture, moment(number / 2)), found)
        refusals += [reading.refusal for reading in analyser.new_readings]
    assert refusals == [Refusal.WEATHER] * 2
    assert [change.lead.state for change in leads] == [WorkerLeadState.CANDIDATE]
