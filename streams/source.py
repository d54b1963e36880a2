"""
Packet sources: where encoded packets come from, and the only place that opens addresses and files.

Errors are those of `streams.errors`: `SourceUnavailable` (`AccessDenied`), `SourceLost`, `NotAVideo`.
"""

import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol

import av
import av.container
import av.error
import av.packet
from av import VideoCodecContext
from av.bitstream import BitStreamFilterContext
from av.stream import Stream
from av.video.stream import VideoStream

from streams.camera import Camera, Pace, SourceUrl
from streams.clock import StreamClock, utc_now
from streams.errors import AccessDenied, NotAVideo, SourceLost, SourceUnavailable, StreamError
from streams.frame import Packet, StreamInfo

__all__ = ["AvSource", "PacketSource", "open_source"]

_UNTIMED_MAX = 16
_PARAMETER_SETS = {"h264": ("h264", 0x1F, 0, frozenset({7})), "hevc": ("hevc", 0x7E, 1, frozenset({32, 33}))}


class PacketSource(Protocol):
    """Something that delivers one camera's packets."""

    def packets(self) -> Generator[Packet, None, None]:
        """
        Open the source and yield its packets in decoding order until it ends or `stop` is called.

        Raises a `StreamError` where the source cannot be opened, holds no video or is lost; returns at a file's end.
        """

    def stop(self) -> None:
        """End `packets` at its next packet or time-out; may be called from any thread, more than once."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A demuxed packet and the wall clock after its read returned."""

    raw: "av.packet.Packet[VideoStream]"
    arrival: datetime


class AvSource:
    """
    A file, RTSP, RTMP, HLS or HTTP-FLV stream read through FFmpeg; audio is ignored, the bitstream is left untouched.

    Opening and each read have their time-outs (`StreamSettings`); they hold against a server that accepts and then is
    silent. Only the system's name resolution cannot be interrupted.
    """

    def __init__(
        self,
        camera: Camera,
        clock: StreamClock,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._now = now
        self._monotonic = monotonic
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End `packets` at its next packet or time-out; a file's pause for its pace ends at once."""
        self._stopped.set()

    def packets(self) -> Generator[Packet, None, None]:
        """Open the source and yield its packets; see `PacketSource.packets`."""
        while True:
            with _open(self._camera) as container:
                yield from self._one_pass(container)
            if self._stopped.is_set():
                return
            if not self._camera.source.is_file:
                raise SourceLost(f"{self._camera.source.redacted}: the server ended the stream")
            if not self._camera.settings.loop:
                return

    def _one_pass(self, container: "av.container.InputContainer") -> Iterator[Packet]:
        stream = _video_stream(container, self._camera.source)
        info = _stream_info(stream)
        parameters = _Parameters(info)
        self._clock.begin(self._file_start(container, stream) if self._camera.source.is_file else None)
        for read in self._timed(self._paced(self._read(container, stream), stream)):
            data = bytes(read.raw)
            changed = parameters.in_force(read.raw, data)
            if changed is not info:
                info = changed
                self._clock.renew()
            stamp = self._clock.stamp(
                read.raw.pts,
                read.raw.dts,
                info.time_base,
                read.arrival,
                duration=read.raw.duration or 0,
                is_keyframe=read.raw.is_keyframe,
                sender_utc=None if self._camera.source.is_file else _sender_utc(read.raw),
            )
            yield Packet(
                camera_id=self._camera.id,
                stream=info,
                data=data,
                pts=stamp.pts,
                dts=stamp.dts,
                duration=read.raw.duration or 0,
                is_keyframe=read.raw.is_keyframe,
                time=stamp.time,
            )

    def _read(self, container: "av.container.InputContainer", stream: VideoStream) -> Iterator[_Read]:
        try:
            for raw in container.demux(stream):
                arrival = self._now()
                if self._stopped.is_set():
                    return
                if raw.size:
                    yield _Read(raw, arrival)
        except av.error.FFmpegError as error:
            if self._stopped.is_set():
                return
            reason = _reason(error, f"nothing arrived for {self._camera.settings.read_timeout_s:g} s")
            raise SourceLost(f"{self._camera.source.redacted}: {reason}") from None

    def _paced(self, reads: Iterator[_Read], stream: VideoStream) -> Iterator[_Read]:
        """Hold a file's packets until they are due at the file's own speed."""
        if not self._camera.source.is_file or self._camera.settings.pace is Pace.FREE:
            yield from reads
            return
        start: tuple[float, float] | None = None
        for read in reads:
            ticks = read.raw.dts if read.raw.dts is not None else read.raw.pts
            if ticks is not None:
                media_s = float(ticks * (stream.time_base or Fraction(1, 90_000)))
                start = start or (self._monotonic(), media_s)
                if self._stopped.wait(max(0.0, start[0] + media_s - start[1] - self._monotonic())):
                    return
            yield _Read(read.raw, self._now())

    @staticmethod
    def _timed(reads: Iterator[_Read]) -> Iterator[_Read]:
        """
        Give the first packets the times that they lack, counted back from the first packet that has both.

        FFmpeg's RTP demuxer gives the first packet, a key frame, no time, and with B-frames the next ones no DTS.
        """
        untimed: list[_Read] = []
        for read in reads:
            untimed.append(read)
            if read.raw.dts is None and len(untimed) < _UNTIMED_MAX:
                continue
            _count_back([each.raw for each in untimed])
            yield from untimed
            yield from reads
            return
        yield from untimed

    def _file_start(self, container: "av.container.InputContainer", stream: VideoStream) -> datetime:
        """UTC of PTS 0: the start of playing at real pace, else what the file says of its recording."""
        if self._camera.settings.pace is Pace.REALTIME:
            rate = stream.average_rate or Fraction(25)
            return self._now() - timedelta(seconds=float(stream.codec_context.reorder_depth / rate))
        recorded = container.metadata.get("creation_time", "")
        try:
            start = datetime.fromisoformat(recorded)
        except ValueError:
            start = datetime.fromtimestamp(self._camera.source.path.stat().st_mtime, UTC)
            start -= timedelta(microseconds=container.duration or 0)
        return start if start.tzinfo is not None else start.replace(tzinfo=UTC)


def _count_back(raws: "list[av.packet.Packet[VideoStream]]") -> None:
    timed = raws[-1]
    if timed.dts is None:
        return
    step = timed.duration or 1
    least = min(raw.pts for raw in raws if raw.pts is not None) if timed.pts is not None else None
    for back, raw in enumerate(reversed(raws)):
        if raw.dts is None:
            raw.dts = timed.dts - back * step
        if raw.pts is None and least is not None:
            least -= step
            raw.pts = least


def open_source(camera: Camera, clock: StreamClock) -> PacketSource:
    """Return the source of a camera; nothing is opened before its `packets` are asked for."""
    return AvSource(camera, clock)


class _Parameters:
    """The stream parameters in force: a new `StreamInfo` when the packets' own parameter sets change."""

    def __init__(self, info: StreamInfo) -> None:
        self._info = info
        self._own = _parameter_sets(info.codec, info.extradata)

    def in_force(self, raw: "av.packet.Packet[VideoStream]", data: bytes) -> StreamInfo:
        """Return the parameters for this packet, whose bytes are `data`."""
        if raw.has_sidedata("new_extradata"):
            extradata = bytes(raw.get_sidedata("new_extradata"))
        elif raw.is_keyframe and data.startswith((b"\0\0\1", b"\0\0\0\1")) and self._info.codec in _PARAMETER_SETS:
            extradata = _in_band(self._info.codec, data)
        else:
            return self._info
        own = _parameter_sets(self._info.codec, extradata)
        if extradata and extradata != self._info.extradata and (not own or own != self._own):
            self._own = own
            width, height = _decoded_size(self._info, extradata, data)
            self._info = replace(self._info, extradata=extradata, width=width, height=height)
        return self._info


def _in_band(codec: str, data: bytes) -> bytes:
    """Return the parameter sets inside an Annex B key frame; empty where it carries none."""
    for filtered in BitStreamFilterContext("extract_extradata", codec).filter(_padded(data)):
        if filtered.has_sidedata("new_extradata"):
            return bytes(filtered.get_sidedata("new_extradata"))
    return b""


def _padded(data: bytes) -> "av.packet.Packet[Stream]":
    """Return a packet with a buffer of FFmpeg's own: its readers run over the end of one without padding."""
    packet: av.packet.Packet[Stream] = av.packet.Packet(len(data))
    packet.update(data)
    return packet


def _parameter_sets(codec: str, extradata: bytes) -> frozenset[bytes]:
    """Return the sequence (and video) parameter sets of Annex B extradata; empty for any other form."""
    if codec not in _PARAMETER_SETS or not extradata.startswith((b"\0\0\1", b"\0\0\0\1")):
        return frozenset()
    _, mask, shift, wanted = _PARAMETER_SETS[codec]
    units = (unit.rstrip(b"\0") for unit in extradata.split(b"\0\0\1"))
    return frozenset(unit for unit in units if unit and (unit[0] & mask) >> shift in wanted)


def _decoded_size(info: StreamInfo, extradata: bytes, data: bytes) -> tuple[int, int]:
    """Return the size of the picture in `data`, decoded once: only a change of parameters asks for it."""
    decoder = av.CodecContext.create(info.codec, "r")
    if not isinstance(decoder, VideoCodecContext):
        return info.width, info.height
    decoder.extradata = extradata
    decoder.thread_count = 1
    try:
        frames = decoder.decode(_padded(data)) + decoder.decode(None)
    except av.error.FFmpegError:
        frames = []
    return (frames[0].width, frames[0].height) if frames else (info.width, info.height)


def _open(camera: Camera) -> "av.container.InputContainer":
    settings, source = camera.settings, camera.source
    began = time.monotonic()
    address = f"file:{source.path}" if source.is_file else source.reveal()
    # PyAV's time-outs, held by an interrupt, come first; the sockets' own are the second line.
    microseconds = str(round((max(settings.open_timeout_s, settings.read_timeout_s) + 1) * 1_000_000))
    if source.is_file:
        if not source.path.is_file():
            raise SourceUnavailable(f"{source.redacted}: no such file")
        options = {"protocol_whitelist": "file"}  # a playlist on disk may not reach into the network
    elif source.scheme in {"rtsp", "rtsps"}:
        # Video alone: with audio FFmpeg shifts every time at the first sender report (rtpdec.c). The declared frame
        # rate is not measured: that would hold the first picture back by twenty frames.
        options = {
            "rtsp_transport": settings.transport.value,
            "allowed_media_types": "video",
            "timeout": microseconds,
            "fpsprobesize": "0",
        }
    else:
        options = {"rw_timeout": microseconds}
    try:
        return av.open(address, options=options, timeout=(settings.open_timeout_s, settings.read_timeout_s))
    except av.error.FFmpegError as error:
        if time.monotonic() - began >= settings.open_timeout_s:  # FFmpeg names other reasons for its interrupted read
            raise SourceUnavailable(f"{source.redacted}: no stream within {settings.open_timeout_s:g} s") from None
        raise _open_error(error, source, settings.open_timeout_s) from None


def _open_error(error: "av.error.FFmpegError", source: SourceUrl, timeout_s: float) -> StreamError:
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return AccessDenied(f"{source.redacted}: the server refuses the user name or password, or wants one")
    if isinstance(error, av.error.InvalidDataError) and source.is_file:
        return NotAVideo(f"{source.redacted}: not a video file")
    return SourceUnavailable(f"{source.redacted}: {_reason(error, f'no stream within {timeout_s:g} s')}")


def _reason(error: "av.error.FFmpegError", timed_out: str) -> str:
    """Return what FFmpeg says, without the address it adds."""
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return timed_out
    return (error.strerror or type(error).__name__).lower()


def _video_stream(container: "av.container.InputContainer", source: SourceUrl) -> VideoStream:
    for stream in container.streams.video:
        if stream.codec_context is not None and stream.codec_context.width and stream.time_base:
            return stream
    raise NotAVideo(f"{source.redacted}: holds no video that can be read")


def _stream_info(stream: VideoStream) -> StreamInfo:
    context = stream.codec_context
    return StreamInfo(
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        extradata=context.extradata or b"",
        time_base=stream.time_base or Fraction(1, 90_000),
        nominal_fps=float(stream.average_rate or 0),
        pixel_format=context.pix_fmt or "",
    )


def _sender_utc(raw: "av.packet.Packet[VideoStream]") -> datetime | None:
    """
    Return the sender's clock at the packet's PTS: FFmpeg's ``prft``, which it computes from RTCP sender reports.

    The report itself (``rtcp_sr``) names an RTP timestamp that FFmpeg has already shifted away from PTS.
    """
    if not raw.has_sidedata("prft"):
        return None
    (microseconds,) = struct.unpack_from("<q", bytes(raw.get_sidedata("prft")))
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
