"""Stillness: a frozen picture is told through what an encoder makes of it, and quiet living ones are not."""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame import BgrImage
from tests.vision.faults import yard
from tests.vision.moments import moment
from vision.scene.health import PictureHealth
from vision.scene.stillness import LEAST_USUAL, WINDOW_S, Stillness

FPS, LIVE_S, SECONDS = 4, 48.0, 90.0
WH = (640, 360)
YARD = np.asarray(cv2.GaussianBlur(cv2.resize(yard(), WH, interpolation=cv2.INTER_CUBIC), (0, 0), 1.2), np.uint8)


GRAIN = np.random.default_rng(5).normal(0, 1, (WH[1] + 64, WH[0] + 64, 1)).astype(np.float32)


def _grainy(number: int, sigma: float) -> BgrImage:
    """Return the yard with the grain of a number: a part of `GRAIN`, another one for each."""
    down, right = np.random.default_rng(number).integers(0, 64, 2)
    grain = GRAIN[down:, right:][: WH[1], : WH[0]] * np.float32(sigma)
    return np.clip(YARD + grain, 0, 255).astype(np.uint8)


def _encoded(picture: Callable[[float], BgrImage], codec: str, options: dict[str, str], bit_rate: int) -> bytes:
    """Return a film of what `picture` gives for each time, key frames 2 s apart."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *WH, "yuv420p"
        stream.bit_rate = bit_rate
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = 2 * FPS, 0
        stream.options = options
        for number in range(round(SECONDS * FPS)):
            frame = av.VideoFrame.from_ndarray(picture(number / FPS), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _shown(film: bytes, *, is_patrol: bool) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield time and grey picture of every other frame, or of the key frames."""
    with av.open(io.BytesIO(film)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if frame.key_frame if is_patrol else number % 2 == 0:
                yield number / FPS, frame.to_ndarray(format="gray")


def _frozen_s(film: bytes, *, is_patrol: bool) -> list[float]:
    """Return the times at which the camera is called frozen."""
    stillness, told = Stillness(), []
    for time_s, grey in _shown(film, is_patrol=is_patrol):
        stillness.observe(grey, moment(time_s))
        if stillness.is_frozen:
            told.append(time_s)
    return told


def _freezing(sigma: float) -> Callable[[float], BgrImage]:
    return lambda time_s: _grainy(round(min(time_s, LIVE_S) * FPS), sigma)


@pytest.mark.parametrize(
    ("codec", "options", "bit_rate"),
    [
        ("libx264", {"preset": "superfast"}, 600_000),
        ("libx264", {"preset": "superfast", "maxrate": "600000", "bufsize": "600000"}, 600_000),
        ("libx264", {"preset": "superfast", "crf": "24"}, 0),
        ("mpeg4", {}, 1_200_000),
    ],
)
def test_a_frozen_picture_that_is_encoded_anew_is_told(codec: str, options: dict[str, str], bit_rate: int) -> None:
    """Whatever the encoder makes of it, within a minute, in focus and on patrol, and never while the camera lives."""
    film = _encoded(_freezing(2.0), codec, options, bit_rate)
    for is_patrol in (False, True):
        told = _frozen_s(film, is_patrol=is_patrol)
        assert told
        assert LIVE_S + 10 < told[0] < LIVE_S + 42


@pytest.mark.parametrize(
    "sigma_at",
    [
        lambda _: 2.0,
        lambda time_s: 2.0 if time_s < LIVE_S else 1.0,
        lambda _: 0.3,
        lambda time_s: 2.0 + 1.5 * np.sin(time_s / 9),
    ],
    ids=["still", "half the grain from one moment on", "hardly any grain", "grain that comes and goes"],
)
def test_an_empty_yard_is_not_frozen(sigma_at: Callable[[float], float]) -> None:
    """Nothing moves for a minute and three quarters but a sensor's grain, much, little or taken away by the encoder."""
    options = {"preset": "superfast", "crf": "28"}
    film = _encoded(lambda time_s: _grainy(round(time_s * FPS), sigma_at(time_s)), "libx264", options, 0)
    assert [_frozen_s(film, is_patrol=is_patrol) for is_patrol in (False, True)] == [[], []]


def test_grain_that_an_encoder_takes_away_says_nothing() -> None:
    """Where nothing is usually new, nothing is said of a picture that only looks alike."""
    film = _encoded(_freezing(0.6), "libx264", {"preset": "superfast", "crf": "40"}, 0)
    stillness = Stillness()
    for time_s, grey in _shown(film, is_patrol=False):
        stillness.observe(grey, moment(time_s))
    assert stillness.usual is not None
    assert stillness.usual < LEAST_USUAL


def _with_clock(image: BgrImage, number: int) -> BgrImage:
    shown = image.copy()
    cv2.putText(shown, f"2026-11-27 10:{number:05d}", (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
    return shown


@pytest.mark.parametrize("is_walking", [False, True])
def test_one_picture_over_and_over_is_frozen_though_its_clock_goes_on(*, is_walking: bool) -> None:
    """A burnt-in clock is no life; somebody who walks through an otherwise unchanged picture is."""
    stillness, told = Stillness(), []
    for number in range(100):
        image = _with_clock(YARD, number)
        if is_walking and 40 <= number < 80:
            cv2.rectangle(image, (6 * number, 180), (6 * number + 14, 230), (20, 20, 20), -1)
        stillness.observe(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8), moment(number / 2))
        if stillness.is_frozen:
            told.append(number / 2)
    assert told[:1] == ([] if is_walking else [WINDOW_S])


def test_a_frozen_camera_thaws_and_health_tells_since_when() -> None:
    """It is frozen since its first picture that never changed, and no longer once something new is seen."""
    health = PictureHealth()
    for number in range(240):
        frozen = 60 <= number < 160
        health.observe(_grainy(60 if frozen else number, 2.0), moment(number / 2))
        if number == 150:
            assert health.fault is not None
            assert health.onset is not None
            assert 28 <= health.onset.seconds_since(moment(0.0)) <= 33
    assert health.fault is None


def test_a_new_epoch_begins_anew() -> None:
    """What was seen before a reconnection is not held against what comes after it."""
    stillness = Stillness()
    for number in range(80):
        stillness.observe(np.asarray(YARD[..., 0]), moment(number / 2))
    assert stillness.is_frozen
    stillness.observe(np.asarray(YARD[..., 0]), moment(40.0, epoch=1))
    assert (stillness.is_frozen, stillness.usual, stillness.since) == (False, None, None)
