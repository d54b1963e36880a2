"""Media made in code for tests: small clips whose pictures tell their own number."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CELL = 16
"""Side of a bit of the number in pixels; less where the picture is narrow."""

BITS = 16


def cell_of(width: int) -> int:
    """Return the side of a bit in a picture of that width."""
    return min(CELL, width // BITS)


def picture(number: int, size: tuple[int, int] = (320, 240)) -> NDArray[np.uint8]:
    """Return a BGR picture ``(height, width, 3)`` that moves with `number` and carries it as a bar code on top."""
    width, height = size
    cell = cell_of(width)
    rows = np.arange(height, dtype=np.uint16)[:, None]
    columns = np.arange(width, dtype=np.uint16)[None, :]
    image = np.empty((height, width, 3), np.uint8)
    image[..., 0] = (columns + 3 * number) % 256
    image[..., 1] = (rows + 2 * number) % 256
    image[..., 2] = (rows + columns + number) % 256
    for bit in range(BITS):
        image[:cell, bit * cell : (bit + 1) * cell] = 235 if number >> bit & 1 else 20
    return image


def number_of(image: NDArray[np.uint8]) -> int:
    """Return the number that `picture` wrote into a decoded picture."""
    cell = cell_of(image.shape[1])
    edge = cell // 4
    return sum(
        1 << bit
        for bit in range(BITS)
        if image[edge : cell - edge, bit * cell + edge : (bit + 1) * cell - edge].mean() > 128
    )


def make_clip(
    path: Path,
    *,
    seconds: float = 4.0,
    fps: int = 25,
    gop: int = 25,
    size: tuple[int, int] = (320, 240),
    codec: str = "libx264",
    b_frames: int = 0,
    pixel_format: str = "yuv420p",
    params: str = "",
    aspect: Fraction | None = None,
    ticks: Sequence[int] | None = None,
    bit_rate: int = 0,
    container_format: str | None = None,
    first_number: int = 0,
    first_s: float = 0.0,
    audio_s: float = 0.0,
    audio_first: bool = False,
    has_data: bool = False,
    creation_time: str = "",
    title: str = "",
) -> Path:
    """
    Write a clip of numbered pictures to `path` and return the path.

    `codec` is an encoder's name: libx264, libx265, mjpeg, mpeg4, mpeg2video, libvpx-vp9, libvpx, libsvtav1. `size` is
    (width, height), at least 64 wide for the number; `params` are further ones of x264 or x265; `aspect` is a pixel's.
    `first_number` is the first picture's number, `first_s` its time; `ticks` are the pictures' times in 1 / `fps`
    where they are not one apart. `bit_rate` in bit/s replaces constant quality; `audio_s` adds a track of that much
    silence, before the picture's with `audio_first`, `has_data` one of metadata; `creation_time` is the RFC 3339 time
    that the file claims, `title` its name.
    """
    options = {"threads": "1"} | _options(codec, gop, b_frames, params)
    if bit_rate:
        options.pop("crf", None)
    with _usual_priority(), av.open(str(path), "w", format=container_format) as container:
        if title:
            container.metadata["title"] = title
        if creation_time:
            container.metadata["creation_time"] = creation_time
        sound = container.add_stream("aac", rate=8000, layout="mono") if audio_s and audio_first else None
        stream = container.add_stream(codec, rate=fps, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" and pixel_format == "yuv420p" else pixel_format
        stream.sample_aspect_ratio = aspect or Fraction(0)
        if bit_rate or codec in {"mpeg4", "mpeg2video", "libvpx"}:
            stream.bit_rate = bit_rate or 4_000_000
        if codec != "mjpeg":
            stream.gop_size = gop
            stream.max_b_frames = b_frames
        if audio_s and not audio_first:
            sound = container.add_stream("aac", rate=8000, layout="mono")
        metadata = container.add_data_stream("klv") if has_data else None
        stream.time_base = Fraction(1, fps)
        silence = deque(_silence(audio_s, first_s))
        for index in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(picture(first_number + index, size), format="bgr24")
            frame.pts = (index if ticks is None else ticks[index]) + round(first_s * fps)
            frame.time_base = Fraction(1, fps)
            container.mux(stream.encode(frame))
            container.mux(_notes(metadata, index, fps))
            while sound is not None and silence and silence[0].pts <= (index / fps + first_s) * 8000:
                container.mux(sound.encode(silence.popleft()))
        container.mux(stream.encode(None))
        if sound is not None:
            container.mux([packet for samples in silence for packet in sound.encode(samples)])
            container.mux(sound.encode(None))
    return path


@contextmanager
def _usual_priority() -> Iterator[None]:
    """Give the thread back its priority: run by root, SVT-AV1 takes the highest real-time one, and keeps it."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def _options(codec: str, gop: int, b_frames: int, params: str) -> dict[str, str]:
    """Return an encoder's own options: quick, and no key frame where none was asked for."""
    extra = f":{params}" if params else ""
    match codec:
        case "libx264":
            return {
                "preset": "veryfast",
                "crf": "20",
                "x264-params": f"scenecut=0:bframes={b_frames}{extra}",
            }
        case "libx265":
            own = f"log-level=none:keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:pools=1"
            return {"preset": "ultrafast", "x265-params": own + extra}
        case "libvpx-vp9" | "libvpx":
            return {"deadline": "realtime", "cpu-used": "8"}
        case "libsvtav1":
            return {"preset": "12", "svtav1-params": "lp=1"}
        case _:
            return {}


def _notes(stream: av.stream.DataStream | None, index: int, fps: int) -> "list[av.Packet[av.stream.DataStream]]":
    """Return what a data track says beside a picture."""
    if stream is None:
        return []
    packet: av.Packet[av.stream.DataStream] = av.Packet(b"\x06\x0e\x2b\x34 a note")
    packet.stream = stream
    packet.pts = packet.dts = index
    packet.time_base = Fraction(1, fps)
    return [packet]


def _silence(seconds: float, first_s: float) -> Iterator[av.AudioFrame]:
    for index in range(round(seconds * 8000 / 1024)):
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 8000
        samples.pts = index * 1024 + round(first_s * 8000)
        yield samples
