"""Frozen stills: pictures that live by their sensor's grain alone and then stop, as several encoders send them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from benchmarks.scenes.render import Stage
from benchmarks.scenes.scene import Lens, Place, Scene, Weather

FREEZE_S = 45.0
SECONDS = 90.0
FPS = 5.0
WH = (1280, 720)


@dataclass(frozen=True, slots=True)
class FrozenCase:
    """
    One still.

    Attributes:
        codec: FFmpeg's name of the encoder.

        options: of it.

        bit_rate: a second; 0 for constant quality.

        gop_s: seconds between key frames.

        grain: standard deviation of what the sensor adds, 8-bit levels.

        memory: share of the grain that the camera's own filter over time carries from picture to picture.

        is_night: whether the place lies in the dark.
    """

    name: str
    codec: str
    options: Mapping[str, str] = field(default_factory=dict)
    bit_rate: int = 0
    gop_s: float = 2.0
    grain: float = 2.0
    memory: float = 0.0
    is_night: bool = False


_H264, _FAST = "libx264", {"preset": "superfast", "sc_threshold": "0"}
_CONSTANT = {**_FAST, "maxrate": "1000000", "bufsize": "1000000"}
_HEVC = {"preset": "ultrafast", "x265-params": "scenecut=0:bframes=0:log-level=error"}
FROZEN_CASES = (
    FrozenCase("mean-rate", _H264, _FAST, 1_500_000),
    FrozenCase("mean-rate-little-grain", _H264, _FAST, 1_500_000, grain=0.6, memory=0.7),
    FrozenCase("constant-rate", _H264, _CONSTANT, 1_000_000),
    FrozenCase("constant-rate-night", _H264, _CONSTANT, 1_000_000, grain=3.0, memory=0.6, is_night=True),
    FrozenCase("quality", _H264, {**_FAST, "crf": "25"}),
    FrozenCase("quality-little-grain", _H264, {**_FAST, "crf": "28"}, grain=0.6, memory=0.7),
    FrozenCase("quality-night", _H264, {**_FAST, "crf": "25"}, grain=2.0, memory=0.6, is_night=True),
    FrozenCase("long-groups", _H264, _FAST, 1_000_000, gop_s=10.0),
    FrozenCase("hevc", "libx265", _HEVC, 1_000_000),
    FrozenCase("mpeg4", "mpeg4", {}, 2_000_000),
)


@cache
def _place(*, is_night: bool) -> NDArray[np.uint8]:
    """Return a yard as it is without any grain."""
    weather = Weather.NIGHT if is_night else Weather.OVERCAST
    scene = Scene("still", 51, Place.YARD, weather, (), fps=1.0, seconds=1.0, size_wh=WH, lens=Lens(noise_levels=0.0))
    return Stage(scene).frame(0).image


def write_case(case: FrozenCase, path: Path) -> Path:
    """Write the film of a case: `FREEZE_S` alive, then still to `SECONDS`; return its path."""
    rng = np.random.default_rng(7)
    pool = rng.normal(0, 1, (4, WH[1] + 64, WH[0] + 64, 1)).astype(np.float32)
    place = _place(is_night=case.is_night).astype(np.float32)
    rate = Fraction(FPS).limit_denominator(100)
    grain = np.zeros((WH[1], WH[0], 1), np.float32)
    shown = None
    with av.open(str(path), "w", format="mp4") as container:
        stream = cast("VideoStream", container.add_stream(case.codec, rate=rate))
        stream.width, stream.height, stream.pix_fmt = *WH, "yuv420p"
        if case.bit_rate:
            stream.bit_rate = case.bit_rate
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = round(case.gop_s * FPS), 0
        stream.options = dict(case.options)
        for number in range(round(SECONDS * FPS)):
            if shown is None or number / FPS < FREEZE_S:
                down, right = rng.integers(0, 64, 2)
                new = pool[number % 4, down:, right:][: WH[1], : WH[0]] * np.float32(case.grain)
                # What the filter carries over and what is new add up to the same grain.
                kept = case.memory if shown is not None else 0.0
                grain = np.float32(kept) * grain + np.float32(math.sqrt(1 - kept * kept)) * new
                image = np.clip(place + grain, 0, 255).astype(np.uint8)
                shown = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
            shown.pts, shown.time_base = number, 1 / rate
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    return path
