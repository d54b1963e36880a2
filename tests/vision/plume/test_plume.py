"""Reading a plume above its outlet: synthetic pictures of known opacity before a textured wall."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame import BgrImage
from vision.config.zones import Outlet
from vision.plume.plume import ABOVE, BLOCKS, OpacityReading, PlumeReader
from vision.plume.surroundings import Part, Surroundings, Window
from vision.plume.validity import Refusal
from vision.scene.light import linear

SIZE_WH = (320, 240)
OUTLET = Outlet(160.0, 150.0, 40.0)
PLUME = (100.0, 30.0, 220.0, 160.0)
_CODES = np.arange(256) / 255
_LEVELS = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)


@cache
def _wall(seed: int = 5) -> NDArray[np.float64]:
    """A wall with texture, linear ``(h, w, 3)``, 0.1 to 0.5, and a dark street: in clear air something is dark."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(0.1, 0.5, (60, 80)), SIZE_WH, interpolation=cv2.INTER_CUBIC)
    wall = np.clip(np.dstack([coarse] * 3), 0.05, 0.6)
    wall[210:] *= 0.1
    return wall


def _encoded(light: NDArray[np.float64], rng: np.random.Generator) -> BgrImage:
    codes = np.interp(light, _LEVELS, np.arange(256))
    return np.clip(np.round(codes + rng.normal(0, 1.5, codes.shape)), 0, 255).astype(np.uint8)


def _soft(opacity: float) -> NDArray[np.float64]:
    """The opacity ``(h, w)`` of a plume above the outlet: the mean of a turbulent one has no sharp rim."""
    field = np.zeros(SIZE_WH[::-1])
    field[20:150, 130:190] = opacity
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 8.0), np.float64)


@cache
def _pictures(
    count: int, *, opacity: float = 0.0, own: float = 0.0, gain: float = 1.0, shake_px: float = 0.0, seed: int = 1
) -> tuple[BgrImage, ...]:
    rng = np.random.default_rng(seed)
    field = _soft(opacity)
    pictures = []
    for _ in range(count):
        light = (1 - field[..., None]) * _wall() + field[..., None] * own
        if shake_px:
            move = np.array([[1, 0, rng.normal(0, shake_px)], [0, 1, rng.normal(0, shake_px)]])
            light = np.asarray(cv2.warpAffine(light, move, SIZE_WH, borderMode=cv2.BORDER_REPLICATE), np.float64)
        pictures.append(_encoded(light * gain, rng))
    return tuple(pictures)


def _parts(surroundings: Surroundings, pictures: Sequence[BgrImage]) -> list[Part]:
    chunks = np.array_split(np.arange(len(pictures)), BLOCKS)
    return [surroundings.part([pictures[index] for index in chunk], ABOVE) for chunk in chunks]


def _read(clean: Sequence[BgrImage], seen: Sequence[BgrImage]) -> OpacityReading:
    surroundings = Surroundings(clean[0], OUTLET, PLUME)
    return PlumeReader(surroundings, _parts(surroundings, clean)).read(_parts(surroundings, seen))


@pytest.mark.parametrize("own", [0.0, 0.2, 0.8])
@pytest.mark.parametrize("opacity", [0.0, 0.3, 0.7, 1.0])
def test_opacity_is_read_whatever_the_plume_s_own_light(opacity: float, own: float) -> None:
    """Black, grey and white plumes of 0 to 100 % come out within two points, with a matching uncertainty."""
    reading = _read(_pictures(12), _pictures(20, opacity=opacity, own=own, seed=2))
    assert reading.refusal is None
    assert reading.opacity == pytest.approx(opacity, abs=0.02)
    assert reading.sd is not None
    assert reading.sd < 0.04


@pytest.mark.parametrize(("left", "right"), [(0, 235), (85, 320), (0, 200), (85, 235)])
def test_an_outlet_near_the_edge_is_held_against_what_the_picture_has_beside_it(left: int, right: int) -> None:
    """Where one side of the plume is not in the picture the other is enough, and 60 % are read as 60 %."""
    clean, seen = (
        [np.ascontiguousarray(picture[:, left:right]) for picture in pictures]
        for pictures in (_pictures(12), _pictures(20, opacity=0.6, own=0.2, seed=2))
    )
    outlet = Outlet(OUTLET.x - left, OUTLET.y, OUTLET.width_px)
    surroundings = Surroundings(clean[0], outlet, (100.0 - left, 30.0, min(220.0, right) - left, 160.0))
    reading = PlumeReader(surroundings, _parts(surroundings, clean)).read(_parts(surroundings, seen))
    assert reading.refusal is None
    assert reading.opacity == pytest.approx(0.6, abs=0.04)
    assert reading.change > 0.1
    assert (reading.least is None) == (left > 0 and right < SIZE_WH[0])


def test_the_sides_of_an_outlet_near_the_upper_edge_count() -> None:
    """What is above the picture is missing on both sides alike: they are compared all the same."""
    surroundings = Surroundings(np.ascontiguousarray(_pictures(12)[0][120:]), Outlet(160.0, 30.0, 40.0), None)
    assert [surroundings.holds(Window(0.25, 0.35, 1.2, aside)) for aside in (-2.0, 2.0, 4.0)] == [True, True, False]


def test_the_plume_s_own_light_comes_out_too() -> None:
    """What a plume would look like if it were opaque tells its colour: here a fifth of full light."""
    reading = _read(_pictures(12), _pictures(20, opacity=0.5, own=0.2, seed=2))
    assert reading.own_light == pytest.approx((0.2, 0.2, 0.2), abs=0.02)


def test_a_shaken_and_drifting_camera_reads_the_same() -> None:
    """A pixel of shake and a third more exposure change the reading by less than four points."""
    reading = _read(_pictures(16, shake_px=1.0), _pictures(25, opacity=0.4, own=0.1, gain=1.3, shake_px=1.0, seed=3))
    assert reading.refusal is None
    assert reading.opacity == pytest.approx(0.4, abs=0.04)


@pytest.mark.parametrize("side", [np.s_[:60], np.s_[160:], np.s_[:, :100], np.s_[:, 220:]])
def test_a_plume_that_drifts_over_what_tells_the_light_is_no_exposure(side: tuple[slice, ...]) -> None:
    """Smoke over any one side of the outlet's surroundings leaves the light of the rest as it was."""
    clean = _pictures(12)
    seen = [picture.copy() for picture in _pictures(20, opacity=0.4, own=0.6, seed=2)]
    for picture in seen:
        picture[side] = np.minimum(picture[side].astype(np.int16) + 25, 255).astype(np.uint8)
    surroundings = Surroundings(clean[0], OUTLET, (100.0, 60.0, 220.0, 160.0))
    aside = surroundings.rows_columns(Window(0.25, 0.2, 0.9, -1.2))
    before, after = (surroundings.part(pictures, ABOVE).mean for pictures in (clean, seen))
    assert before is not None
    assert after is not None
    assert float(after[aside].mean() / before[aside].mean()) == pytest.approx(1.0, abs=0.01)


def test_a_dark_plume_has_a_least_opacity_and_a_bright_one_has_none() -> None:
    """The light alone says at least how opaque a black plume is, and nothing of a white one."""
    black = _read(_pictures(12), _pictures(20, opacity=0.6, own=0.0, seed=2))
    white = _read(_pictures(12), _pictures(20, opacity=0.6, own=0.9, seed=2))
    assert black.least is not None
    assert 0.55 < black.least <= 0.6
    assert white.least is None


def test_few_pictures_are_no_reading() -> None:
    """A reading with an empty part is refused with the reason; so is a background of one part, at once."""
    surroundings = Surroundings(_pictures(12)[0], OUTLET, PLUME)
    parts = _parts(surroundings, _pictures(12))
    assert PlumeReader(surroundings, parts).read(parts[:-1]).refusal is Refusal.FEW_PICTURES
    with pytest.raises(ValueError, match="needs two parts that show the place; found 1"):
        PlumeReader(surroundings, parts[:1])


def test_haze_and_rain_between_camera_and_plume_give_no_number() -> None:
    """Where nothing is dark any more, the air itself gives light: a fifth of white haze over everything is refused."""
    rng = np.random.default_rng(3)
    hazy = [_encoded(0.8 * _wall() + 0.2 * 0.6, rng) for _ in range(20)]
    assert _read(_pictures(12), hazy).refusal is Refusal.WEATHER


def test_a_camera_by_infrared_gives_no_number() -> None:
    """Pictures without any colour come from a camera that has switched its lamp on."""
    tinted = [np.asarray(picture // np.array([1, 2, 1], np.uint8), np.uint8) for picture in _pictures(12)]
    grey = [np.repeat(picture[..., :1], 3, axis=2) for picture in _pictures(20, opacity=0.5)]
    assert _read(tinted, grey).refusal is Refusal.INFRARED


def test_an_even_background_gives_no_number() -> None:
    """Before an even sky there is no texture to see through: no contrast, no number."""
    rng = np.random.default_rng(4)
    scene = _wall().copy()
    scene[50:200, 90:230] = 0.4
    clean = [_encoded(scene, rng) for _ in range(12)]
    seen = scene.copy()
    seen[70:150, 130:190] = 0.3
    reading = _read(clean, [_encoded(seen, rng) for _ in range(20)])
    assert (reading.opacity, reading.refusal) == (None, Refusal.NO_CONTRAST)
    assert reading.least == pytest.approx(0.25, abs=0.02)


def test_a_background_that_moves_gives_no_number() -> None:
    """Where the texture itself is another one a moment later, as clouds are, nothing is claimed."""
    rng = np.random.default_rng(4)
    clean = []
    for index in range(12):
        scene = _wall().copy()
        scene[50:200, 90:230] = _wall(seed=50 + index // 6)[50:200, 90:230]
        clean.append(_encoded(scene, rng))
    reading = _read(clean, _pictures(20, opacity=0.5, own=0.1))
    assert (reading.opacity, reading.refusal) == (None, Refusal.BACKGROUND_MOVES)


def test_a_plume_that_hangs_over_the_only_texture_beside_it_is_read() -> None:
    """Left of the outlet the wall is even, right of it smoke hangs: neither says that the background moves."""
    rng = np.random.default_rng(8)
    wall = _wall().copy()
    wall[:, 40:100] = 0.3
    field = np.zeros(SIZE_WH[::-1])
    field[20:150, 130:280] = 0.5
    opacity = cv2.GaussianBlur(field, (0, 0), 8.0)[..., None]
    clean = [_encoded(wall, rng) for _ in range(12)]
    reading = _read(clean, [_encoded((1 - opacity) * wall + opacity * 0.7, rng) for _ in range(20)])
    assert reading.refusal is None
    assert reading.opacity == pytest.approx(0.5, abs=0.03)


def test_night_and_glare_give_no_number() -> None:
    """A picture without light and one that has lost it to saturation are refused by name."""
    dark = _read(_pictures(12, gain=0.03), _pictures(20, gain=0.03))
    glare = _read(_pictures(12), _pictures(20, opacity=1.0, own=1.0))
    assert (dark.refusal, glare.refusal) == (Refusal.DARK, Refusal.SATURATED)


def test_a_camera_that_looks_elsewhere_gives_no_number() -> None:
    """When the rest of the picture is not there any more, the camera has moved."""
    rng = np.random.default_rng(9)
    elsewhere = [_encoded(_wall(seed=99), rng) for _ in range(20)]
    reading = _read(_pictures(12), elsewhere)
    assert (reading.opacity, reading.refusal) == (None, Refusal.CAMERA_MOVED)


def test_clouds_that_drift_behind_a_skyline_are_no_other_place() -> None:
    """Large soft changes of light leave the fine detail of what is built: the picture still shows the same place."""
    clean = [np.asarray(100 + picture // 4, np.uint8) for picture in _pictures(12)]
    soft = cv2.GaussianBlur(np.random.default_rng(6).normal(0, 1, SIZE_WH[::-1]), (0, 0), 25.0)
    clouds = (soft / np.abs(soft).max() * 60)[..., None]
    seen = [np.clip(picture + clouds, 0, 255).astype(np.uint8) for picture in clean]
    surroundings = Surroundings(clean[0], OUTLET, PLUME)
    assert surroundings.part(seen, ABOVE).lost == 0


def test_a_plume_that_fills_the_picture_is_refused_at_once() -> None:
    """Light and position are compared outside the plume: something must be left there."""
    with pytest.raises(ValueError, match="leaves nothing of the picture"):
        Surroundings(_pictures(12)[0], OUTLET, (10.0, 10.0, 310.0, 230.0))


def test_linear_light_is_what_the_pictures_were_made_of() -> None:
    """The pictures of these tests encode light the way it is read."""
    rng = np.random.default_rng(1)
    even = _encoded(np.full((8, 8, 3), 0.25), rng)
    assert float(linear(even).mean()) == pytest.approx(0.25, abs=0.01)
