"""Probing: what a stream is, measured by reading it for a few seconds."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import av.error
from av import VideoCodecContext, VideoFrame

from streams.camera import Camera, SourceUrl, StreamSettings, camera_id
from streams.decoding.codec import DecoderMaker, encoded
from streams.errors import NotAVideo
from streams.frame import Packet
from streams.source import AvSource
from streams.timing.clock import StreamClock, UtcSource, utc_now


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """
    What a stream is.

    Attributes:
        source: its address without credentials.

        profile: the codec's, as FFmpeg names it; empty where unknown.

        pixel_format: FFmpeg's name of what comes out of the decoder.

        pixel_aspect: width of a pixel over its height; 1 where the stream does not say.

        is_interlaced: its pictures are made of two fields, or are fields.

        sound: codecs of its sound tracks; ``None`` where they were not asked for (RTSP).

        declared_fps: what it says of itself; 0 where it says nothing.

        measured_fps: pictures a second of its own time.

        received_fps: pictures a second that arrived, in the second half of the listening; 0 for a file. Far from
            `measured_fps`, its times run at another speed than its pictures.

        gop_s: usual seconds from key frame to key frame; 0 where fewer than two were seen.

        longest_gop_s: the longest of them.

        bit_rate: bits a second of its own time.

        has_b_frames: some pictures are sent after later ones.

        clock_source: the best that was seen.

        clock_uncertainty_s: with that source, at the last packet.

        clock_offset_s: arrival minus the camera's own clock; ``None`` where it does not tell it.

        first_packet_s: seconds from opening to the first packet.

        first_frame_s: seconds from opening to the first decoded picture.

        packets: how many were read.

        epochs: 1, and 1 more for each change of parameters and each jump.

        time_jumps: times that went elsewhere for good.

        times_replaced: packets whose times were missing or could not be believed.

        decode_errors: damaged packets before the first picture.
    """

    source: str
    codec: str
    profile: str
    pixel_format: str
    width: int
    height: int
    pixel_aspect: float
    is_interlaced: bool
    sound: tuple[str, ...] | None
    declared_fps: float
    measured_fps: float
    received_fps: float
    gop_s: float
    longest_gop_s: float
    bit_rate: float
    has_b_frames: bool
    clock_source: UtcSource
    clock_uncertainty_s: float
    clock_offset_s: float | None
    first_packet_s: float
    first_frame_s: float
    packets: int
    epochs: int
    time_jumps: int
    times_replaced: int
    decode_errors: int


@dataclass(slots=True)
class _FirstPicture:
    """Decodes until there is a picture, and keeps what it says of the stream."""

    picture: VideoFrame | None = None
    profile: str = ""
    aspect: float = 1.0
    errors: int = 0
    _context: VideoCodecContext | None = None
    _of: object = None

    def look(self, packet: Packet | None) -> bool:
        """Show the decoder a packet, or its end; return True once there is a picture."""
        if packet is not None and packet.stream is not self._of:
            self._context, self._of = DecoderMaker().open(packet.stream), packet.stream
        if self.picture is None and self._context is not None:
            try:
                pictures = self._context.decode(None if packet is None else encoded(packet))
            except av.error.FFmpegError:
                self.errors += 1
                return False
            if pictures:
                self.picture = pictures[0]
                self.profile = self._context.profile or ""
                self.aspect = float(self._context.sample_aspect_ratio or 1)
                self._context = None
        return self.picture is not None


@dataclass(slots=True)
class _Heard:
    """What was read, and when (monotonic)."""

    packets: list[Packet] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    first_packet_s: float = 0.0
    first_frame_s: float = 0.0


def probe(
    source: SourceUrl,
    settings: StreamSettings,
    seconds: float,
    *,
    now: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
) -> ProbeReport:
    """
    Read `source` for `seconds` and return what it is; a shorter file to its end.

    Raises the `StreamError` that reading it raises, and `NotAVideo` where no picture could be decoded.
    """
    clock = StreamClock()
    reader = AvSource(Camera(camera_id("probe"), "", source, settings), clock, now=now, monotonic=monotonic)
    heard, first = _Heard(), _FirstPicture()
    began = monotonic()
    for packet in reader.packets():
        elapsed_s = monotonic() - began
        heard.first_packet_s = heard.first_packet_s or elapsed_s
        heard.packets.append(packet)
        heard.arrivals.append(elapsed_s)
        if not heard.first_frame_s and first.look(packet):
            heard.first_frame_s = monotonic() - began
        if elapsed_s - heard.first_packet_s >= seconds:
            reader.stop()
    if not heard.first_frame_s and first.look(None):
        heard.first_frame_s = monotonic() - began
    if first.picture is None:
        raise NotAVideo(f"{source.redacted}: no picture could be decoded from {len(heard.packets)} packets")
    return _report(source, reader.sound, heard, first, clock)


def check_video(source: SourceUrl, settings: StreamSettings) -> None:
    """Return once a packet of `source` has been read; raise the `StreamError` that says why there is none."""
    reader = AvSource(Camera(camera_id("probe"), "", source, settings), StreamClock())
    for _packet in reader.packets():
        reader.stop()
        return
    raise NotAVideo(f"{source.redacted}: holds no video")


def _report(
    source: SourceUrl, sound: tuple[str, ...] | None, heard: _Heard, first: _FirstPicture, clock: StreamClock
) -> ProbeReport:
    packets, last, picture = heard.packets, heard.packets[-1], first.picture
    newest = [packet for packet in packets if packet.time.epoch == last.time.epoch]
    span_s = float((newest[-1].dts - newest[0].dts) * last.stream.time_base)
    keys = [packet.time.pts_s for packet in newest if packet.is_keyframe]
    gops = [float(later - earlier) for earlier, later in pairwise(keys)]
    return ProbeReport(
        source=source.redacted,
        codec=last.stream.codec,
        profile=first.profile,
        pixel_format=picture.format.name if picture is not None else "",
        width=last.stream.width,
        height=last.stream.height,
        pixel_aspect=first.aspect,
        is_interlaced=picture is not None and picture.interlaced_frame,
        sound=sound,
        declared_fps=last.stream.nominal_fps,
        measured_fps=(len(newest) - 1) / span_s if span_s else 0.0,
        received_fps=0.0 if source.is_file else _rate(heard.arrivals[len(heard.arrivals) // 2 :]),
        gop_s=statistics.median(gops) if gops else 0.0,
        longest_gop_s=max(gops, default=0.0),
        bit_rate=8 * sum(len(packet.data) for packet in newest[:-1]) / span_s if span_s else 0.0,
        has_b_frames=any(later.pts < earlier.pts for earlier, later in pairwise(newest)),
        clock_source=next(best for best in UtcSource if any(packet.time.source is best for packet in newest)),
        clock_uncertainty_s=last.time.uncertainty_s,
        clock_offset_s=clock.offset_s,
        first_packet_s=heard.first_packet_s,
        first_frame_s=heard.first_frame_s,
        packets=len(packets),
        epochs=clock.epoch + 1,
        time_jumps=clock.jumps,
        times_replaced=clock.glitches,
        decode_errors=first.errors,
    )


def _rate(arrivals: Sequence[float]) -> float:
    """Return how many a second there are."""
    span_s = arrivals[-1] - arrivals[0] if arrivals else 0.0
    return (len(arrivals) - 1) / span_s if span_s > 0 else 0.0
