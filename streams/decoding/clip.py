"""
Clips: packets into MP4 without re-encoding, as files for evidence and as fragments for live tiles.

The coded pictures are written as they came; only MP4's own framing (length prefixes instead of start codes) is new.
Raises `ClipError`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.packet import PacketSideData, packet_sidedata_type_from_literal

from streams.errors import ClipError
from streams.frame import Packet, StreamInfo
from streams.timing.clock import CaptureTime

FRAGMENT_S = 0.25
"""Length of a live fragment: long enough to carry its 100-byte head, short enough not to be felt."""

_MOOV_MAX = 16 * 1024 * 1024

_REFUSED = {"vp9"}
"""MP4 could hold it, but FFmpeg writes a broken header where it is not told the pixel format, which PyAV cannot."""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """
    What a written clip holds.

    Attributes:
        first: capture time of the earliest picture; it is shown at media time 0.

        last: capture time of the latest picture.

        duration_s: from `first` to the end of the last picture.

        packets: coded pictures written.

        size: of the file in bytes.
    """

    path: Path
    stream: StreamInfo
    first: CaptureTime
    last: CaptureTime
    duration_s: float
    packets: int
    size: int

    def media_s(self, time: CaptureTime) -> float:
        """Return where in the clip the picture captured at `time` is shown."""
        return time.seconds_since(self.first)


def write_mp4(packets: Sequence[Packet], path: Path) -> ClipInfo:
    """
    Write packets to an MP4 file that starts playing before it is loaded (``moov`` first).

    `packets` are in decoding order, of one epoch and stream, the first a key frame, as `PacketRing.cut` gives them.
    Their spacing is kept; the earliest picture is shown at 0. HEVC gets the tag ``hvc1``, which players want. Raises
    `ClipError` for packets that MP4 cannot hold, and `OSError` where the disk does not take the file.
    """
    _check(packets)
    stream = packets[0].stream
    zero = min(packet.pts for packet in packets)
    try:
        with av.open(f"file:{path}", "w", format="mp4", options={"movflags": "faststart"}) as container:
            track = _add_track(container, stream)
            for packet in packets:
                container.mux_one(_encoded(packet, track, zero))
    except OSError as error:  # FFmpeg's errors of the disk are these too; the packets are not to blame
        raise OSError(error.errno, error.strerror, str(path)) from None
    except (av.error.FFmpegError, ValueError) as error:
        raise ClipError(f"cannot write {stream.codec} as MP4: {_strerror(error)}") from None
    _tag_hvc1(path)
    first, last = min(packets, key=lambda packet: packet.pts), max(packets, key=lambda packet: packet.pts)
    end = last.pts + (last.duration or _usual_step(packets))
    return ClipInfo(
        path, stream, first.time, last.time, float((end - zero) * stream.time_base), len(packets), path.stat().st_size
    )


@dataclass(frozen=True, slots=True)
class Fragment:
    """
    A piece of a live tile: ``moof`` and ``mdat``, to be appended after the initialisation segment.

    Attributes:
        data: the bytes.

        is_keyframe: its first picture is a key frame: a viewer can join here.

        media_s: decoding time of its first picture in the tile's media time.

        duration_s: until the next fragment.

        time: capture time of its first picture in decoding order.
    """

    data: bytes
    is_keyframe: bool
    media_s: float
    duration_s: float
    time: CaptureTime


class FragmentedMp4:
    """
    Live fragmented MP4 of one epoch of one stream, for Media Source Extensions; holds one unfinished fragment at most.

    The first packet fed must be a key frame (earlier ones are passed over) and starts media time; `media_s` gives the
    media time of any picture of the epoch. A fragment comes out at each key frame and every `fragment_s`, with the
    packet that follows it. Make a new one when the epoch or the `StreamInfo` changes.
    """

    def __init__(self, stream: StreamInfo, *, fragment_s: float = FRAGMENT_S) -> None:
        """Raise `ClipError` for a codec that MP4 cannot hold."""
        self._stream = stream
        self._zero: Packet | None = None
        self._pending: list[Packet] = []
        self._sink = _Sink()
        options = {
            "movflags": "frag_keyframe+empty_moov+default_base_moof",
            "frag_duration": str(round(fragment_s * 1_000_000)),
            "flush_packets": "1",
        }
        try:
            self._container = av.open(self._sink, "w", format="mp4", options=options)
            self._track = _add_track(self._container, stream)
            if not stream.extradata:
                self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            raise ClipError(f"cannot write {stream.codec} as fragmented MP4: {_strerror(error)}") from None
        segment = self._sink.take()
        entry = _hevc_entry(segment)
        self.init_segment = segment if entry < 0 else segment[:entry] + b"hvc1" + segment[entry + 4 :]
        self.mime = mime_of(self.init_segment) or unplayable_mime(stream.codec)

    @property
    def stream(self) -> StreamInfo:
        """The stream that it carries."""
        return self._stream

    def media_s(self, time: CaptureTime) -> float | None:
        """Return the media time at which the picture captured at `time` is shown; ``None`` outside the tile's epoch."""
        if self._zero is None or time.epoch != self._zero.time.epoch:
            return None
        return float(time.pts_s - self._zero.dts * self._zero.stream.time_base)

    def feed(self, packet: Packet) -> Fragment | None:
        """Add the next packet in decoding order; return the fragment that it completes, if it does."""
        if packet.stream is not self._stream and packet.stream != self._stream:
            raise ClipError("the stream's parameters changed: start a new tile")
        if self._zero is None:
            if not packet.is_keyframe:
                return None
            self._zero = packet
        elif packet.time.epoch != self._zero.time.epoch:
            raise ClipError("the stream's epoch changed: start a new tile")
        try:
            self._container.mux_one(_encoded(packet, self._track, self._zero.dts))
        except av.error.FFmpegError as error:
            raise ClipError(f"cannot write a {packet.stream.codec} packet: {_strerror(error)}") from None
        data = self._sink.take()
        fragment = self._fragment(data, packet) if data and self._pending else None
        self._pending.append(packet)
        return fragment

    def _fragment(self, data: bytes, following: Packet) -> Fragment:
        first, self._pending = self._pending[0], []
        time_base = self._stream.time_base
        return Fragment(
            data=data,
            is_keyframe=first.is_keyframe,
            media_s=float((first.dts - (self._zero or first).dts) * time_base),
            duration_s=float((following.dts - first.dts) * time_base),
            time=first.time,
        )

    def close(self) -> None:
        """Give the muxer's memory back; what is unfinished is dropped."""
        self._container.close()
        self._sink.take()


class _Sink:
    """A file that can only be written, and emptied."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def _check(packets: Sequence[Packet]) -> None:
    if not packets:
        raise ClipError("a clip needs at least one packet")
    if not packets[0].is_keyframe:
        raise ClipError("a clip must start with a key frame")
    if len({(packet.time.epoch, id(packet.stream)) for packet in packets}) > 1:
        raise ClipError("a clip must be of one epoch and one stream")


def _add_track(container: "av.container.OutputContainer", stream: StreamInfo) -> av.VideoStream:
    """
    Add a track that takes coded packets, with the stream's own codec configuration.

    PyAV gives a mux-only track no door for extradata, but reads it from the first packet's side data: an empty packet
    carries it there, and the MP4 muxer drops empty packets.
    """
    if stream.codec in _REFUSED:
        raise ValueError("no header for it without decoding")
    track: av.VideoStream = container.add_mux_stream(  # type: ignore[assignment]  # the codec is a video codec
        stream.codec, width=stream.width, height=stream.height, time_base=stream.time_base
    )
    if stream.extradata:
        header: av.Packet[Any] = av.Packet()
        kind = packet_sidedata_type_from_literal("new_extradata")
        side_data = PacketSideData(kind, len(stream.extradata))  # type: ignore[call-arg]  # the stub lacks __init__
        side_data.update(stream.extradata)
        side_data.to_packet(header)
        header.stream = track
        header.time_base = stream.time_base
        header.pts = header.dts = 0  # the only DTS that may be followed by a lower one (libavformat/mux.c)
        container.mux_one(header)
    return track


def _encoded(packet: Packet, track: av.VideoStream, zero: int) -> "av.Packet[Any]":
    raw: av.Packet[Any] = av.Packet(len(packet.data))  # PyAV pads its own buffers, which bit readers run over
    raw.update(packet.data)  # type: ignore[arg-type]  # any buffer: the stub names bytes alone
    raw.stream = track
    raw.time_base = packet.stream.time_base
    raw.pts, raw.dts, raw.duration = packet.pts - zero, packet.dts - zero, packet.duration
    raw.is_keyframe = packet.is_keyframe
    return raw


def _usual_step(packets: Sequence[Packet]) -> int:
    return (packets[-1].dts - packets[0].dts) // (len(packets) - 1) if len(packets) > 1 else 0


def _strerror(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _hevc_entry(data: bytes) -> int:
    """Return where FFmpeg's ``hev1`` sample entry stands, -1 where there is none: Safari plays only ``hvc1``."""
    entry = data.find(b"hev1", max(0, data.find(b"stsd")))
    return entry if b"hvcC" in data[entry : entry + 256] else -1


def _tag_hvc1(path: Path) -> None:
    with path.open("r+b") as file:
        entry = _hevc_entry(file.read(_MOOV_MAX))
        if entry >= 0:
            file.seek(entry)
            file.write(b"hvc1")


def unplayable_mime(codec: str) -> str:
    """Return a type that no browser plays but that names the codec, so that the wall can say why it shows snapshots."""
    return f"video/x-{codec}"


def mime_of(init_segment: bytes) -> str:
    """Return the RFC 6381 type of an initialisation segment's video; empty for a codec that browsers do not play."""
    avc = init_segment.find(b"avcC")
    if avc >= 0:
        return f'video/mp4; codecs="avc1.{init_segment[avc + 5 : avc + 8].hex()}"'
    hevc = init_segment.find(b"hvcC")
    if hevc >= 0:
        return f'video/mp4; codecs="hvc1.{_hevc_codec(init_segment[hevc + 4 :])}"'
    av1 = init_segment.find(b"av1C")
    if av1 >= 0:
        return f'video/mp4; codecs="av01.{_av1_codec(init_segment[av1 + 4 :])}"'
    return ""


def _av1_codec(record: bytes) -> str:
    """Return profile, level, tier and bit depth of an ``av1C`` record (AV1 in ISO-BMFF, section 5)."""
    depth = (12 if record[2] & 0x20 else 10) if record[2] & 0x40 else 8
    return f"{record[1] >> 5}.{record[1] & 0x1F:02}{'MH'[record[2] >> 7]}.{depth:02}"


def _hevc_codec(record: bytes) -> str:
    """Return profile, compatibility, tier, level and constraints of an ``hvcC`` record (ISO/IEC 14496-15 annex E)."""
    space, tier, profile = record[1] >> 6, record[1] >> 5 & 1, record[1] & 0x1F
    (compatibility,) = struct.unpack(">I", record[2:6])
    reversed_bits = int(f"{compatibility:032b}"[::-1], 2)
    constraints = record[6:12].rstrip(b"\0")
    parts = [f"{['', 'A', 'B', 'C'][space]}{profile}", f"{reversed_bits:X}", f"{'LH'[tier]}{record[12]}"]
    return ".".join(parts + [f"{byte:X}" for byte in constraints])
