"""The farm's clips: generated scenes or patterns, encoded once as a camera encodes them, and kept in a folder."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from benchmarks.scenes.catalogue import scene_named
from benchmarks.scenes.film import ensure
from models.replacement import replacing

PATTERN = "pattern"
"""Name of the one picture that needs no rendering: a moving gradient."""

QUIET_SCENES = ("street-traffic", "works-clouds")
"""What most cameras see most of the time: nothing that is to be reported."""

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}

MASTER_WH = (1280, 720)
MASTER_BIT_RATE = 12_000_000
"""A scene is rendered once, in a size that renders quickly; every variant is scaled from it."""

CLIP_S = 10.0
"""A clip's least length; the farm repeats it without a break in time."""

NOISE_LEVELS = 1.6
"""Standard deviation of sensor noise in grey levels, new in every picture: without it key frames come out too small."""

_RECIPE = 4
"""Raised with every change of what `ensure_clip` makes of the same specification."""


class Codec(StrEnum):
    """What cameras send."""

    H264 = "h264"
    H265 = "h265"
    MJPEG = "mjpeg"


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """
    What a camera sends.

    Attributes:
        scene: a name of `benchmarks.scenes.catalogue`, or `PATTERN`.

        size_wh: coded width and height; MJPEG over RTP cannot exceed 2040 pixels a side (RFC 2435).

        gop_s: seconds from key frame to key frame.

        b_frames: between two references; site cameras send none.

        bit_rate: bits a second on average; MJPEG keeps a fixed quality instead.
    """

    scene: str = QUIET_SCENES[0]
    codec: Codec = Codec.H264
    size_wh: tuple[int, int] = SIZES["1080p"]
    fps: int = 25
    gop_s: float = 2.0
    b_frames: int = 0
    bit_rate: int = 4_000_000

    @property
    def gop(self) -> int:
        """Pictures from key frame to key frame."""
        return max(1, round(self.gop_s * self.fps))

    @property
    def frames(self) -> int:
        """Pictures of the clip: whole groups, at least `CLIP_S`."""
        return -(-round(CLIP_S * self.fps) // self.gop) * self.gop

    @property
    def distance_s(self) -> float:
        """Seconds from one picture that can be decoded by itself to the next."""
        return 1 / self.fps if self.codec is Codec.MJPEG else self.gop_s

    @property
    def kind(self) -> str:
        """What it is, for people, whatever it shows."""
        width, height = self.size_wh
        group = "key frames only" if self.codec is Codec.MJPEG else f"key frames every {self.gop_s:g} s"
        return f"{self.codec.upper()} {width}x{height}, {self.fps} pictures/s, {group}"

    @property
    def name(self) -> str:
        """A file's name that tells what is in it."""
        width, height = self.size_wh
        digest = hashlib.sha256(repr((_RECIPE, self)).encode()).hexdigest()[:8]
        return f"{self.scene}-{self.codec}-{width}x{height}-{self.fps}fps-gop{self.gop}-{digest}"


def ensure_clip(folder: Path, spec: ClipSpec) -> Path:
    """Return the clip of `spec` in `folder`, encoded now if it is not there; a minute for a new scene at 1080p."""
    path = folder / f"{spec.name}.mp4"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path, shared=True) as part:
            _encode(spec, _pictures(folder, spec), part)
    return path


def _pictures(folder: Path, spec: ClipSpec) -> Iterator[av.VideoFrame]:
    """Yield the clip's pictures, yuv420p in its size, as sharp and noisy as a sensor's."""
    noise = np.random.default_rng(7).normal(0, NOISE_LEVELS, (spec.size_wh[1] + 64, spec.size_wh[0] + 64))
    noise = np.round(noise).astype(np.int16)
    corners = np.random.default_rng(8).integers(0, 64, (spec.frames, 2))
    source = _pattern(spec) if spec.scene == PATTERN else _scene(folder, spec)
    for number, picture in zip(range(spec.frames), source, strict=False):
        scaled = picture.reformat(*spec.size_wh, format="yuv420p")
        plane = scaled.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : spec.size_wh[0]]
        top, left = corners[number]
        grain = noise[top : top + spec.size_wh[1], left : left + spec.size_wh[0]]
        luma[:] = np.clip(luma + grain, 16, 235)
        scaled.pts, scaled.time_base = number, Fraction(1, spec.fps)
        yield scaled


def _pattern(spec: ClipSpec) -> Iterator[av.VideoFrame]:
    width, height = spec.size_wh
    y, x = np.mgrid[0:height, 0:width]
    for number in range(spec.frames):
        grey = ((x + y + 4 * number) // 4 % 160 + 40).astype(np.uint8)
        yield av.VideoFrame.from_ndarray(grey, format="gray8")


def _scene(folder: Path, spec: ClipSpec) -> Iterator[av.VideoFrame]:
    seconds = spec.frames / spec.fps
    scene = replace(scene_named(spec.scene), size_wh=MASTER_WH, fps=float(spec.fps), seconds=seconds)
    masters = folder / f"masters-{spec.fps}fps-{seconds:g}s"
    clip = ensure(masters, [scene], bit_rate=MASTER_BIT_RATE)[scene.name]
    with av.open(str(clip)) as container:
        yield from container.decode(video=0)


def _encode(spec: ClipSpec, pictures: Iterator[av.VideoFrame], path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        names = {Codec.H264: "libx264", Codec.H265: "libx265", Codec.MJPEG: "mjpeg"}
        stream = container.add_stream(names[spec.codec], rate=spec.fps)
        if not isinstance(stream, VideoStream):
            raise TypeError(f"{spec.codec} is not a video codec")
        stream.width, stream.height = spec.size_wh
        stream.pix_fmt = "yuvj420p" if spec.codec is Codec.MJPEG else "yuv420p"
        stream.codec_context.gop_size = spec.gop
        if spec.codec is Codec.MJPEG:
            # RFC 2435 sends no Huffman tables: the standard ones must be used. Threads would put restart markers in.
            stream.codec_context.thread_count = 1
            stream.options = {"huffman": "default", "qmin": "6", "qmax": "6"}
        else:
            stream.bit_rate = spec.bit_rate
            stream.codec_context.max_b_frames = spec.b_frames
            stream.options = _h264(spec) if spec.codec is Codec.H264 else _h265(spec)
        for picture in pictures:
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _h264(spec: ClipSpec) -> dict[str, object]:
    """Return x264's options for what a camera's encoder does: one reference, closed groups, a bounded rate."""
    return {
        "preset": "veryfast",
        "profile": "high",
        "sc_threshold": "0",
        "keyint_min": str(spec.gop),
        "bf": str(spec.b_frames),
        "threads": "2",
        "maxrate": str(spec.bit_rate * 3 // 2),
        "bufsize": str(spec.bit_rate * 2),
        "x264-params": "ref=1:sliced-threads=0:open-gop=0",
    }


def _h265(spec: ClipSpec) -> dict[str, object]:
    parameters = (
        f"keyint={spec.gop}:min-keyint={spec.gop}:scenecut=0:bframes={spec.b_frames}:open-gop=0:ref=1:log-level=error"
        f":vbv-maxrate={spec.bit_rate * 3 // 2000}:vbv-bufsize={spec.bit_rate * 2 // 1000}:pools=2:frame-threads=1"
    )
    return {"preset": "ultrafast", "x265-params": parameters}
