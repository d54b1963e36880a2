"""Picture health: every fault is found within a minute, and nothing that a sound camera shows is one."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import cv2
import numpy as np
import pytest

from streams.frame import BgrImage
from streams.timing.clock import CaptureTime, UtcSource
from tests.vision.faults import hazy
from vision.scene.health import PictureFault, PictureHealth

WH = (320, 180)
SOUND_S = 30.0


def _time(seconds: float, epoch: int = 0) -> CaptureTime:
    moment = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=seconds)
    return CaptureTime(Fraction(seconds).limit_denominator(1000), moment, UtcSource.ARRIVAL, 0.0, epoch)


def _place(seed: int = 1) -> BgrImage:
    """A yard of grey blocks with edges at every scale."""
    rng = np.random.default_rng(seed)
    image = np.full((WH[1], WH[0]), 120, np.uint8)
    for _ in range(60):
        x, y, w, h = rng.integers(0, 300), rng.integers(0, 170), rng.integers(6, 60), rng.integers(6, 40)
        cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), int(rng.integers(30, 220)), -1)
    return np.dstack([image] * 3)


PLACE = _place()


def _noisy(image: BgrImage, number: int, sigma: float = 2.0) -> BgrImage:
    rng = np.random.default_rng(number)
    return np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def _turned(image: BgrImage) -> BgrImage:
    move = np.array([[1, 0, 0.2 * WH[0]], [0, 1, 5]], np.float64)
    return np.asarray(cv2.warpAffine(image, move, WH, borderMode=cv2.BORDER_REFLECT), np.uint8)


def _blurred(image: BgrImage) -> BgrImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 4), np.uint8)


def _first(health: PictureHealth, pictures: Iterable[BgrImage], start_s: float, step_s: float) -> tuple[float, str]:
    """Show pictures and return after how many seconds the first fault held, and which."""
    for number, picture in enumerate(pictures):
        fault = health.observe(picture, _time(start_s + number * step_s))
        if fault is not None:
            return number * step_s, fault.value
    return -1.0, ""


def _sound(step_s: float = 0.5, seconds: float = SOUND_S) -> PictureHealth:
    health = PictureHealth()
    for number in range(round(seconds / step_s)):
        assert health.observe(_noisy(PLACE, number), _time(number * step_s)) is None
    return health


@pytest.mark.parametrize("step_s", [0.5, 2.0])
@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (PictureFault.BLACK, lambda n: _noisy(np.full_like(PLACE, 2), n, 0.7)),
        (PictureFault.GLARE, lambda n: _noisy(np.full_like(PLACE, 254), n, 0.7)),
        (PictureFault.FROZEN, lambda _: PLACE),
        (PictureFault.COVERED, lambda n: _noisy(np.full_like(PLACE, 90), n)),
        (PictureFault.BLURRED, lambda n: _noisy(_blurred(PLACE), n, 0.5)),
        (PictureFault.MOVED, lambda n: _noisy(_turned(PLACE), n)),
        (PictureFault.MOVED, lambda n: _noisy(_place(seed=77), n)),
    ],
)
def test_a_fault_is_named_within_a_minute(fault: PictureFault, shown: Callable[[int], BgrImage], step_s: float) -> None:
    """In focus and on patrol, every fault is found by its own name before 60 s are over, and not at once."""
    after_s, named = _first(_sound(step_s), (shown(n) for n in range(round(60 / step_s))), SOUND_S, step_s)
    assert named == fault.value
    assert 5 <= after_s < 60


@pytest.mark.parametrize("sigma", [4.0, 8.0])
def test_a_lens_out_of_focus_is_told_through_the_sensors_grain(sigma: float) -> None:
    """Grain is finer than anything the lens still shows: it must not pass for detail."""
    health = PictureHealth()
    for number in range(60):
        assert health.observe(_noisy(PLACE, number, sigma), _time(number * 0.5)) is None
    blurred = (_noisy(_blurred(PLACE), 100 + n, sigma) for n in range(60))
    assert _first(health, blurred, 30.0, 0.5)[1] == "blurred"


def test_thick_fog_is_no_blur() -> None:
    """Fog takes coarse edges and fine detail alike; what is left of both is sharp."""
    health = _sound()
    fog = (hazy(n, max(0.27, 1 - n / 40)) for n in range(120))
    assert _first(health, fog, SOUND_S, 0.5) == (-1.0, "")


def test_a_dark_picture_has_no_detail_to_lose() -> None:
    """What a camera hardly ever shows is not missed: more or less grain in the dark is no blur."""
    health, dark = PictureHealth(), np.full_like(PLACE, 40)
    night = (_noisy(dark, n, 4.0 if n < 60 else 1.0) for n in range(150))
    assert _first(health, night, 0.0, 0.5) == (-1.0, "")


def test_a_lorry_before_the_lens_is_no_fault() -> None:
    """Eight seconds of a covered picture pass without a word, and so does one flash."""
    health = _sound()
    lorry = [_noisy(np.full_like(PLACE, 90), n) for n in range(16)]
    flash = [np.full_like(PLACE, 255)]
    after = [_noisy(PLACE, 500 + n) for n in range(20)]
    assert _first(health, [*lorry, *after, *flash, *after], SOUND_S, 0.5) == (-1.0, "")


def test_dusk_is_no_fault() -> None:
    """Light that goes to a third within minutes is followed."""
    health = _sound()
    dusk = (_noisy((PLACE * (1 - 0.67 * n / 200)).astype(np.uint8), n) for n in range(200))
    assert _first(health, dusk, SOUND_S, 2.0) == (-1.0, "")


def test_a_fault_ends_when_the_picture_is_sound_again() -> None:
    """A cleaned lens is a sound one after five seconds."""
    health = _sound()
    for n in range(40):
        health.observe(_noisy(np.full_like(PLACE, 90), n), _time(SOUND_S + n * 0.5))
    assert str(health.fault) == "covered"
    for n in range(12):
        health.observe(_noisy(PLACE, 900 + n), _time(SOUND_S + 20 + n * 0.5))
    assert (health.fault, health.suspects) == (None, False)


@pytest.mark.parametrize("step_s", [0.5, 2.0, 5.0])
@pytest.mark.parametrize("elsewhere", [_turned(PLACE), _place(seed=77)], ids=["turned", "cut"])
def test_a_new_view_is_learnt_within_ten_seconds_and_told_for_a_quarter_of_an_hour(
    elsewhere: BgrImage, step_s: float
) -> None:
    """Its pictures look wrong for 10 s at most; the move stays told since its first picture, and blinds nobody."""
    health = _sound(min(step_s, 2.0), 60.0)
    for n in range(1, round(960 / step_s)):
        after_s = n * step_s
        fault = health.observe(_noisy(elsewhere, n), _time(60.0 + after_s))
        assert health.is_sighted
        assert not health.suspects or after_s <= 10
        if 15 <= after_s <= 900:
            assert (fault, health.onset, health.was_sudden) == (PictureFault.MOVED, _time(60.0 + step_s), True)
    assert (health.fault, health.onset) == (None, None)
    back = [health.observe(_noisy(PLACE, n), _time(1020.0 + n * step_s)) for n in range(1, round(30 / step_s))]
    assert back[-1] is PictureFault.MOVED


def test_a_move_is_over_when_the_camera_turns_back() -> None:
    """The view before is known still: nothing has to be learnt, and nothing is told any more."""
    health = _sound()
    for n in range(60):
        health.observe(_noisy(_turned(PLACE), n), _time(SOUND_S + n * 0.5))
    assert health.fault is PictureFault.MOVED
    for n in range(60):
        assert health.observe(_noisy(PLACE, 100 + n), _time(60.0 + n * 0.5)) is None
        assert not health.suspects


def test_a_camera_that_moves_on_is_told_of_once_and_without_a_break() -> None:
    """From the second view to the third the move goes on, since the first picture of the second."""
    health = _sound()
    seen = [77] * 60 + [78] * 60
    told = [(health.observe(_noisy(_place(seed), n), _time(30 + n / 2)), health.onset) for n, seed in enumerate(seen)]
    assert set(told[24:]) == {(PictureFault.MOVED, _time(30.0))}
    assert not health.suspects


@pytest.mark.parametrize("seconds", [1, 4, 8])
@pytest.mark.parametrize("passing", [lambda _: _place(seed=77), lambda n: _place(seed=100 + n)], ids=["lorry", "pan"])
def test_what_is_before_the_lens_for_seconds_leaves_the_place_as_it_was(
    passing: Callable[[int], BgrImage], seconds: int
) -> None:
    """A lorry with all its edges, and a pan that comes back: no word, and the old view is the usual one at once."""
    health = _sound()
    for n in range(2 * seconds):
        assert health.observe(_noisy(passing(n), n), _time(SOUND_S + n * 0.5)) is None
    for n in range(40):
        assert health.observe(_noisy(PLACE, 100 + n), _time(SOUND_S + seconds + n * 0.5)) is None
        assert not health.suspects
    assert health.observe(_noisy(_place(seed=77), 1), _time(SOUND_S + 60)) is None
    assert health.suspects


def test_a_camera_that_does_not_come_to_rest_is_watched_all_the_same() -> None:
    """One that stood still and is carried about now looks wrong for 10 s, not for ever."""
    health = _sound()
    for n in range(80):
        health.observe(_noisy(_place(seed=100 + n), n), _time(SOUND_S + n * 0.5))
        assert not health.suspects or n <= 20


@pytest.mark.parametrize("then", [np.full_like(PLACE, 90), _blurred(PLACE)], ids=["covered", "blurred"])
@pytest.mark.parametrize("turned_s", [3, 7])
def test_a_camera_that_is_turned_and_then_blinded_is_blind(then: BgrImage, turned_s: int) -> None:
    """What a hand holds before the lens while the new view is learnt does not become the new view."""
    health = _sound()
    for n in range(2 * turned_s):
        health.observe(_noisy(_place(seed=77), n), _time(SOUND_S + n * 0.5))
    for n in range(60):
        health.observe(_noisy(then, 100 + n, 0.5), _time(SOUND_S + turned_s + n * 0.5))
    assert not health.is_sighted


@pytest.mark.parametrize("gain", [0.2, 0.3, 2.0])
def test_other_light_at_once_covers_nothing(gain: float) -> None:
    """A lamp that goes out, an iris that closes: the edges are where they were, as much weaker as the light is."""
    health, lit = _sound(), np.clip(PLACE * gain, 0, 255).astype(np.uint8)
    assert _first(health, (_noisy(lit, n) for n in range(120)), SOUND_S, 0.5) == (-1.0, "")
    assert not health.suspects


def test_a_reconnect_is_no_fault() -> None:
    """A new epoch, whose clock begins anew, neither adds time nor takes any away."""
    health = _sound()
    assert health.observe(_noisy(PLACE, 1), _time(0.0, epoch=1)) is None
    assert health.observe(_noisy(PLACE, 2), _time(0.5, epoch=1)) is None


def test_a_camera_that_always_moves_is_not_judged_by_its_place() -> None:
    """Where pictures are never alike, another one is no fault."""
    health = PictureHealth()
    assert _first(health, (_noisy(_place(seed=n), n) for n in range(120)), 0.0, 0.5) == (-1.0, "")
