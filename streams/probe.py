"""Probing: what a stream is, measured by reading it for a few seconds."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from streams.camera import Camera, SourceUrl, StreamSettings, camera_id
from streams.clock import StreamClock, UtcSource, utc_now
from streams.decode import FrameDecoder
from streams.errors import NotAVideo
from streams.frame import Packet
from streams.source import AvSource


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """
    What a stream is. Sound is not looked at.

    Attributes:
        source: its address without credentials.

        declared_fps: what it says of itself; 0 where it says nothing.

        measured_fps: pictures a second of its own time.

        gop_s: usual seconds from key frame to key frame; 0 where fewer than two were seen.

        bit_rate: bits a second of its own time.

        has_b_frames: some pictures are sent after later ones.

        clock_source: the best that was seen.

        clock_uncertainty_s: with that source, at the last packet.

        clock_offset_s: arrival minus the camera's own clock; ``None`` where it does not tell it.

        first_packet_s: seconds from opening to the first packet.

        first_frame_s: seconds from opening to the first decoded picture.

        packets: how many were read.

        epochs: 1, and 1 more for each jump of the timestamps.

        decode_errors: packets and pictures that were damaged.
    """

    source: str
    codec: str
    width: int
    height: int
    declared_fps: float
    measured_fps: float
    gop_s: float
    bit_rate: float
    has_b_frames: bool
    clock_source: UtcSource
    clock_uncertainty_s: float
    clock_offset_s: float | None
    first_packet_s: float
    first_frame_s: float
    packets: int
    epochs: int
    decode_errors: int


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
    decoder = FrameDecoder(0)
    packets: list[Packet] = []
    began = monotonic()
    first_packet_s = first_frame_s = 0.0
    for packet in reader.packets():
        elapsed_s = monotonic() - began
        first_packet_s = first_packet_s or elapsed_s
        packets.append(packet)
        if not first_frame_s and decoder.decode(packet):
            first_frame_s = monotonic() - began
        if elapsed_s - first_packet_s >= seconds:
            reader.stop()
    if not first_frame_s and decoder.flush():
        first_frame_s = monotonic() - began
    if not first_frame_s:
        raise NotAVideo(f"{source.redacted}: no picture could be decoded from {len(packets)} packets")
    return _report(source, packets, clock, first_packet_s, first_frame_s, decoder.errors)


def check_video(source: SourceUrl, settings: StreamSettings) -> None:
    """Return once a packet of `source` has been read; raise the `StreamError` that says why there is none."""
    reader = AvSource(Camera(camera_id("probe"), "", source, settings), StreamClock())
    for _packet in reader.packets():
        reader.stop()
        return
    raise NotAVideo(f"{source.redacted}: holds no video")


def _report(
    source: SourceUrl,
    packets: list[Packet],
    clock: StreamClock,
    first_packet_s: float,
    first_frame_s: float,
    errors: int,
) -> ProbeReport:
    last = packets[-1]
    newest = [packet for packet in packets if packet.time.epoch == last.time.epoch]
    span_s = float((newest[-1].dts - newest[0].dts) * last.stream.time_base)
    keys = [packet.time.pts_s for packet in newest if packet.is_keyframe]
    best = next(source for source in UtcSource if any(packet.time.source is source for packet in newest))
    return ProbeReport(
        source=source.redacted,
        codec=last.stream.codec,
        width=last.stream.width,
        height=last.stream.height,
        declared_fps=last.stream.nominal_fps,
        measured_fps=(len(newest) - 1) / span_s if span_s else 0.0,
        gop_s=float(statistics.median(later - earlier for earlier, later in pairwise(keys))) if len(keys) > 1 else 0.0,
        bit_rate=8 * sum(len(packet.data) for packet in newest[:-1]) / span_s if span_s else 0.0,
        has_b_frames=any(later.pts < earlier.pts for earlier, later in pairwise(newest)),
        clock_source=best,
        clock_uncertainty_s=last.time.uncertainty_s,
        clock_offset_s=clock.offset_s,
        first_packet_s=first_packet_s,
        first_frame_s=first_frame_s,
        packets=len(packets),
        epochs=clock.epoch + 1,
        decode_errors=errors,
    )
