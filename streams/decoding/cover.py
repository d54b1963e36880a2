"""
Covered copies of clips: parts of the picture under one flat colour, everything else as it was shown.

Flat, for what is merely blurred or made coarse can be guessed back. Pictures are covered before they are encoded, so
nothing of what lies below can be predicted from one to the next; sound, subtitles and the container's metadata stay
behind. Raises `ClipError`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from streams.errors import ClipError

GREY = 48
"""The cover's brightness, of 255."""

MARGIN_PX = 8
"""Covered around a box too: encoders spread an edge over their block."""

ENCODING = {"preset": "veryfast", "crf": "21", "bf": "0", "threads": "1"}
"""
One thread, for x264 divides its rate by threads: the same covers of the same clip give the same bytes on any machine
with the same FFmpeg. No B-frames: pictures lie in the file in the order in which they are shown.
"""

_FULL_RANGE = 2
"""`AVCOL_RANGE_JPEG`."""

_GOP_S = 2
_SHARE_OF_LIMIT = 0.85
"""Of the bytes allowed that the encoder's buffer model may use; the rest is for the container and its own error."""


@dataclass(frozen=True, slots=True)
class Cover:
    """
    A box that is covered for a while.

    Attributes:
        xyxy: left, top, right, bottom in pixels of the clip.

        start_s: media time from which on it is covered; pictures that are still shown then are covered too.

        end_s: media time at which that ends.

        to_xyxy: where the box is at `end_s`; it moves there in a straight line.
    """

    xyxy: tuple[int, int, int, int]
    start_s: float
    end_s: float
    to_xyxy: tuple[int, int, int, int] | None = None

    def boxes(self, shown_s: float, until_s: float) -> Iterator[tuple[int, int, int, int]]:
        """Yield where it lies while a picture is shown from `shown_s` to `until_s`: at both ends of that, if at all."""
        if shown_s >= self.end_s or until_s <= self.start_s:
            return
        yield self._at(shown_s)
        if self.to_xyxy is not None:
            yield self._at(until_s)

    def _at(self, media_s: float) -> tuple[int, int, int, int]:
        if self.to_xyxy is None:
            return self.xyxy
        share = min(max((media_s - self.start_s) / (self.end_s - self.start_s), 0.0), 1.0)
        left, top, right, bottom = (
            round(begin + (end - begin) * share) for begin, end in zip(self.xyxy, self.to_xyxy, strict=True)
        )
        return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class CoveredClip:
    """
    What was written.

    Attributes:
        pictures: pictures in the copy, each at its original's time.

        undecodable: packets of the original that gave no picture.

        size_wh: of the pictures.

        duration_s: from the first picture to the end of the last.

        size: bytes of the file.
    """

    pictures: int
    undecodable: int
    size_wh: tuple[int, int]
    duration_s: float
    size: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a copy: seconds of the clip and bytes of the file."""

    seconds: float
    size: int


def clip_size(source: Path) -> tuple[int, int]:
    """Return width and height of a clip's pictures; raise `ClipError`."""
    try:
        with av.open(f"file:{source}") as container:
            if not container.streams.video:
                raise ClipError("the file holds no video")
            context = container.streams.video[0].codec_context
            return context.width, context.height
    except (av.error.FFmpegError, ValueError) as error:
        raise ClipError(f"the file cannot be read as video: {_reason(error)}") from None


def write_covered(
    source: Path,
    target: Path,
    covers: Sequence[Cover],
    limits: Limits,
    *,
    always: NDArray[np.bool_] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> CoveredClip:
    """
    Write a copy of a clip as H.264 in MP4 with `covers` over its pictures; return what it holds.

    Args:
        source: the clip; its pictures' times are kept, the first is shown at 0.
        target: the copy, overwritten.
        covers: at least one of them, or `always`, should cover something.
        limits: a longer clip is refused, and so is a copy that comes out larger.
        always: what is covered in every picture, one value a pixel, ``(height, width)``.
        progress: called with the media time of each picture written.

    Raises `ClipError`, also where `always` has another size than the pictures, and `OSError` where the disk does not
    take the copy.
    """
    try:
        with av.open(f"file:{source}") as clip:
            if not clip.streams.video:
                raise ClipError("the file holds no video")
            copied = _copy(clip, target, _Painter(covers, always), limits, progress)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
    except (av.error.FFmpegError, ValueError) as error:
        raise ClipError(f"the clip cannot be covered: {_reason(error)}") from None
    size = target.stat().st_size
    if size > limits.size:
        raise ClipError(f"the copy has {size} bytes, more than the {limits.size} allowed")
    return CoveredClip(*copied, size)


class _Painter:
    """Covers pictures, planes of YUV 4:2:0 in one array as PyAV has them."""

    def __init__(self, covers: Sequence[Cover], always: NDArray[np.bool_] | None) -> None:
        self._covers = covers
        self._always = always
        self._always_chroma: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)

    def paint(self, picture: NDArray[np.uint8], shown_s: float, until_s: float, *, is_full_range: bool) -> None:
        """Cover what is to be covered while the picture is shown; `picture` is ``(height * 3 / 2, width)``."""
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        luma = picture[:height]
        chroma = picture[height:].reshape(2, height // 2, width // 2)
        grey = GREY if is_full_range else round(16 + GREY * 219 / 255)
        if self._always is not None:
            luma[self._always[:height, :width]] = grey
            chroma[:, self._always_chroma] = 128
        for cover in self._covers:
            for left, top, right, bottom in cover.boxes(shown_s, until_s):
                x0, x1 = _span(left, right, width)
                y0, y1 = _span(top, bottom, height)
                luma[y0:y1, x0:x1] = grey
                chroma[:, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = 128

    def check(self, size_wh: tuple[int, int]) -> None:
        """Raise `ClipError` where something covers nothing of pictures of this size."""
        width, height = size_wh
        if self._always is not None:
            if self._always.shape != (height, width):
                raise ClipError(f"the masks are drawn for {self._always.shape[::-1]}, the clip has {size_wh}")
            even = self._always[: height // 2 * 2, : width // 2 * 2]
            blocks = even.reshape(height // 2, 2, width // 2, 2)
            self._always_chroma = blocks[:, 0, :, 0] | blocks[:, 0, :, 1] | blocks[:, 1, :, 0] | blocks[:, 1, :, 1]
        for cover in self._covers:
            for left, top, right, bottom in filter(None, (cover.xyxy, cover.to_xyxy)):
                if not (left < right and top < bottom and right > 0 and bottom > 0 and left < width and top < height):
                    raise ClipError(f"the box {left}, {top}, {right}, {bottom} covers nothing of {width}x{height}")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture as YUV 4:2:0 of even size, its tick from the first on, and from when until when it is shown."""

    picture: NDArray[np.uint8]
    frame: VideoFrame
    tick: int
    start_s: float
    until_s: float


def _copy(
    clip: InputContainer, target: Path, painter: _Painter, limits: Limits, progress: Callable[[float], None]
) -> tuple[int, int, tuple[int, int], float]:
    source = clip.streams.video[0]
    source.thread_type = "AUTO"
    base = source.time_base
    if base is None:
        raise ClipError("the clip has no time base")
    painter.check((source.codec_context.width, source.codec_context.height))
    declared_s = float(source.duration * base) if source.duration else 0.0
    if declared_s > limits.seconds:
        raise ClipError(f"the clip is {declared_s:.0f} s long, more than the {limits.seconds:g} s that can be covered")
    reader = _Reader(clip, source, base)
    pictures, until_s = 0, 0.0
    with av.open(f"file:{target}", "w", format="mp4", options={"movflags": "faststart"}) as copy:
        track: VideoStream | None = None
        for shown in reader.pictures():
            until_s = shown.until_s
            if until_s > limits.seconds:
                raise ClipError(f"the clip is longer than the {limits.seconds:g} s that can be covered")
            if track is None:
                track = _add_track(copy, source, base, shown.frame, limits.size * 8 / max(declared_s, 1.0))
            is_full_range = int(shown.frame.color_range) == _FULL_RANGE
            painter.paint(shown.picture, shown.start_s, until_s, is_full_range=is_full_range)
            covered = VideoFrame.from_ndarray(shown.picture, format="yuv420p")
            covered.pts, covered.time_base = shown.tick, base
            covered.colorspace, covered.color_range = shown.frame.colorspace, shown.frame.color_range
            copy.mux(track.encode(covered))
            pictures += 1
            progress(until_s)
        if track is None:
            raise ClipError("no picture of the clip could be decoded")
        copy.mux(track.encode(None))
        size_wh = (track.codec_context.width, track.codec_context.height)
    return pictures, reader.undecodable, size_wh, until_s


class _Reader:
    """Decodes a clip's pictures; each waits for the next one's time, until which it is shown."""

    def __init__(self, clip: InputContainer, stream: VideoStream, base: Fraction) -> None:
        self._clip = clip
        self._stream = stream
        self._base = base
        self.undecodable = 0

    def pictures(self) -> Iterator[_Shown]:
        """Yield the pictures in order; raise `ClipError` where sizes change or times go back."""
        step = round(1 / (self._stream.average_rate or 25) / self._base)
        first = 0
        waiting: tuple[int, VideoFrame] | None = None
        for pts, frame in self._frames():
            if waiting is None:
                first = pts
            else:
                step = pts - waiting[0]
                if step <= 0:
                    raise ClipError("the clip's times go back")
                yield self._shown(waiting[1], waiting[0] - first, step)
            waiting = pts, frame
        if waiting is not None:
            yield self._shown(waiting[1], waiting[0] - first, step)

    def _shown(self, frame: VideoFrame, tick: int, step: int) -> _Shown:
        picture = frame.to_ndarray().astype(np.uint8, copy=False)
        return _Shown(picture, frame, tick, float(tick * self._base), float((tick + step) * self._base))

    def _frames(self) -> Iterator[tuple[int, VideoFrame]]:
        context = self._stream.codec_context
        size_wh = (context.width, context.height)
        for packet in self._clip.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                self.undecodable += 1
                continue
            for frame in frames:
                if frame.pts is None:
                    raise ClipError("a picture of the clip has no time")
                if (frame.width, frame.height) != size_wh:
                    raise ClipError(f"the clip's pictures change from {size_wh} to {frame.width}x{frame.height}")
                yield frame.pts, _as_yuv(frame)


def _as_yuv(frame: VideoFrame) -> VideoFrame:
    """Return a frame as 8-bit YUV 4:2:0 of even width and height; an odd last column or row is left out."""
    width, height = frame.width - frame.width % 2, frame.height - frame.height % 2
    if (width, height) == (frame.width, frame.height):
        return frame.reformat(format="yuv420p")
    colours = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    even = np.ascontiguousarray(colours[:height, :width])
    return VideoFrame.from_ndarray(even, "bgr24").reformat(format="yuv420p")


def _add_track(
    copy: OutputContainer, source: VideoStream, base: Fraction, frame: VideoFrame, most_bits_per_s: float
) -> VideoStream:
    rate = source.average_rate or Fraction(25)
    kilobits = max(100, round(most_bits_per_s * _SHARE_OF_LIMIT / 1000))
    options = ENCODING | {"maxrate": f"{kilobits}k", "bufsize": f"{kilobits}k"}
    track = copy.add_stream("libx264", rate=rate, options=options)
    track.width, track.height, track.pix_fmt = frame.width, frame.height, "yuv420p"
    track.time_base = base
    context = track.codec_context
    context.time_base = base
    context.gop_size = max(1, round(rate * _GOP_S))
    context.color_range, context.colorspace = frame.color_range, frame.colorspace
    context.color_primaries, context.color_trc = source.codec_context.color_primaries, source.codec_context.color_trc
    if source.sample_aspect_ratio:
        context.sample_aspect_ratio = source.sample_aspect_ratio
    return track


def _span(low: int, high: int, size: int) -> tuple[int, int]:
    """Return a box's side with its margin on even pixels, inside the picture."""
    first = min(max(low - MARGIN_PX, 0), size) // 2 * 2
    last = min(max(high + MARGIN_PX + 1, 0), size) // 2 * 2
    return first, last


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
