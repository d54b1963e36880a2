"""Coded clips: the access units of a file as a payloader wants them, with the times of an endless loop."""

import base64
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
from av.video.stream import VideoStream

from benchmarks.rtsp_farm.clips import Codec

CLOCK_HZ = 90_000
"""RTP's clock for all video."""

_CODECS = {"h264": Codec.H264, "hevc": Codec.H265, "mjpeg": Codec.MJPEG}
_START_CODES = (b"\x00\x00\x00\x01", b"\x00\x00\x01")


class ClipError(ValueError):
    """A file cannot be served."""


@dataclass(frozen=True, slots=True)
class Unit:
    """
    One coded picture.

    Attributes:
        parts: its NAL units without start codes; of MJPEG the whole JPEG.

        pts, dts: in ticks of `CLOCK_HZ`, counted from the clip's first decoding time.
    """

    parts: tuple[bytes, ...]
    pts: int
    dts: int
    is_keyframe: bool


@dataclass(frozen=True, slots=True)
class CodedClip:
    """
    A file's video, ready to be payloaded.

    Attributes:
        parameter_sets: VPS, SPS, PPS; every key frame carries them too, as cameras send them.

        period: ticks after which the clip begins again.

        late: ticks by which a picture is sent after it was taken, so that none is sent before; 0 without B-frames.
    """

    codec: Codec
    size_wh: tuple[int, int]
    fps: float
    parameter_sets: tuple[bytes, ...]
    units: tuple[Unit, ...]
    period: int
    late: int

    @property
    def bit_rate(self) -> float:
        """Bits a second of the coded pictures."""
        size = sum(len(part) for unit in self.units for part in unit.parts)
        return 8 * size * CLOCK_HZ / self.period

    @property
    def gop_s(self) -> float:
        """Seconds between key frames, on average."""
        return self.period / CLOCK_HZ / sum(unit.is_keyframe for unit in self.units)

    @property
    def format_parameters(self) -> str:
        """The ``fmtp`` attribute of its session description; empty where there is none."""
        encoded = [base64.b64encode(each).decode() for each in self.parameter_sets]
        if self.codec is Codec.H264:
            profile = next(each[1:4].hex() for each in self.parameter_sets if each[0] & 31 == 7)
            return f"packetization-mode=1;profile-level-id={profile.upper()};sprop-parameter-sets={','.join(encoded)}"
        if self.codec is Codec.H265:
            kinds = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
            named = zip(self.parameter_sets, encoded, strict=True)
            return ";".join(f"{kinds[each[0] >> 1 & 63]}={text}" for each, text in named)
        return ""


def read_clip(path: Path) -> CodedClip:
    """Return the video of a file as a coded clip; raise `ClipError` for one that a farm cannot serve."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ClipError(f"{path}: holds no video")
        stream = container.streams.video[0]
        codec = _CODECS.get(stream.codec_context.codec.canonical_name)
        if codec is None:
            raise ClipError(f"{path}: {stream.codec_context.codec.canonical_name} is not served over RTP here")
        packets = [packet for packet in container.demux(stream) if packet.size]
        if not packets or not packets[0].is_keyframe:
            raise ClipError(f"{path}: does not begin with a key frame")
        return _clip(codec, stream, packets)


def _clip(codec: Codec, stream: VideoStream, packets: "list[av.Packet[VideoStream]]") -> CodedClip:
    extradata = stream.codec_context.extradata or b""
    sets = () if codec is Codec.MJPEG else tuple(_parameter_sets(codec, extradata))
    length = _length_size(codec, extradata)
    base = stream.time_base or Fraction(1, 1000)
    fps = float(stream.average_rate or 25)
    step = CLOCK_HZ / fps
    # A container's milliseconds would make a camera's times jitter: pictures are put on their own frame rate's grid.
    ticks = [(_ticks(packet.pts, base, step), _ticks(packet.dts, base, step)) for packet in packets]
    first = ticks[0][1]
    units = []
    for packet, (pts, dts) in zip(packets, ticks, strict=True):
        parts = (bytes(packet),) if codec is Codec.MJPEG else tuple(_nals(codec, bytes(packet), length))
        if packet.is_keyframe:
            parts = (*(each for each in sets if each not in parts), *parts)
        units.append(Unit(parts, pts - first, dts - first, bool(packet.is_keyframe)))
    gaps = [later.dts - earlier.dts for earlier, later in itertools.pairwise(units)]
    usual = round(median(gaps)) if gaps else round(step)
    context = stream.codec_context
    late = max(0, *(unit.pts - unit.dts for unit in units))
    late = 0 if late == min(unit.pts - unit.dts for unit in units) else late
    return CodedClip(codec, (context.width, context.height), fps, sets, tuple(units), units[-1].dts + usual, late)


def _ticks(value: int | None, base: Fraction, step: float) -> int:
    if value is None:
        raise ClipError("a picture has no decoding time: Matroska keeps none with B-frames, MP4 does")
    return round(round(float(value * base * CLOCK_HZ) / step) * step)


def _length_size(codec: Codec, extradata: bytes) -> int:
    """Return the size of the length before each NAL unit; 0 where start codes stand there."""
    if not extradata or extradata[0] != 1:
        return 0
    return (extradata[4] & 3) + 1 if codec is Codec.H264 else (extradata[21] & 3) + 1


def _parameter_sets(codec: Codec, extradata: bytes) -> Iterator[bytes]:
    if extradata[:1] != b"\x01":
        yield from _kept(codec, _annex_b(extradata))
    elif codec is Codec.H264:
        place = 5
        for _ in range(2):
            count = extradata[place] & 31
            place += 1
            for _ in range(count):
                size = int.from_bytes(extradata[place : place + 2])
                yield extradata[place + 2 : place + 2 + size]
                place += 2 + size
    else:
        yield from _kept(codec, _hvcc(extradata))


def _hvcc(extradata: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an ``hvcC`` box (ISO/IEC 14496-15, 8.3.3.1)."""
    place = 23
    for _ in range(extradata[22]):
        count = int.from_bytes(extradata[place + 1 : place + 3])
        place += 3
        for _ in range(count):
            size = int.from_bytes(extradata[place : place + 2])
            yield extradata[place + 2 : place + 2 + size]
            place += 2 + size


def _kept(codec: Codec, nals: Iterator[bytes]) -> Iterator[bytes]:
    for nal in nals:
        kind = nal[0] & 31 if codec is Codec.H264 else nal[0] >> 1 & 63
        if kind in ((7, 8) if codec is Codec.H264 else (32, 33, 34)):
            yield nal


def _nals(codec: Codec, data: bytes, length: int) -> Iterator[bytes]:
    """Yield the NAL units of an access unit, without delimiters and the encoder's own notes (SEI)."""
    dropped: Sequence[int] = (6, 9) if codec is Codec.H264 else (35, 39, 40)
    for nal in _annex_b(data) if length == 0 else _prefixed(data, length):
        if (nal[0] & 31 if codec is Codec.H264 else nal[0] >> 1 & 63) not in dropped:
            yield nal


def _prefixed(data: bytes, length: int) -> Iterator[bytes]:
    place = 0
    while place + length < len(data):
        size = int.from_bytes(data[place : place + length])
        yield data[place + length : place + length + size]
        place += length + size


def _annex_b(data: bytes) -> Iterator[bytes]:
    for piece in data.replace(*_START_CODES).split(_START_CODES[1]):
        nal = piece.rstrip(b"\x00")
        if nal:
            yield nal
