"""
Packet sources: where encoded packets come from, and the only place that opens addresses and files.

Errors are those of `streams.errors`: `SourceUnavailable` (`AccessDenied`), `SourceLost`, `NotAVideo`.
"""

import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol

import av
import av.container
import av.error
import av.packet
from av.stream import Discard
from av.video.stream import VideoStream

from streams.camera import Camera, Pace, SourceUrl, StreamSettings
from streams.clock import StreamClock, utc_now
from streams.errors import AccessDenied, NotAVideo, SourceLost, SourceUnavailable, StreamError
from streams.frame import Packet, StreamInfo
from streams.pacing import BurstPace
from streams.parameters import Parameters

__all__ = ["AvSource", "PacketSource", "open_source"]

_UNTIMED_MAX = 16
_FIRST_YEAR = 2000
_DELAYS_S = {"rtsp": 1.0, "hls": 30.0}
_DELAY_S = 3.0
"""Delays from capture to arrival to be reckoned with: HLS is three segments behind, gateways' FLV a GOP."""


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
        parameters = Parameters(info)
        self._clock.begin(
            self._file_start(container, stream) if self._camera.source.is_file else None,
            arrival_uncertainty_s=_DELAYS_S.get(container.format.name, _DELAY_S),
        )
        for read in self._timed(self._paced(self._read(container, stream), container, stream)):
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
        began = self._monotonic()
        try:
            for raw in container.demux(stream):
                arrival = self._now()
                if self._stopped.is_set():
                    return
                if raw.size:
                    yield _Read(raw, arrival)
                began = self._monotonic()
        except av.error.FFmpegError as error:
            if self._stopped.is_set():
                return
            timeout_s = self._camera.settings.read_timeout_s
            silent = f"nothing arrived for {timeout_s:g} s"
            # FFmpeg names other reasons for the read that PyAV interrupts.
            reason = silent if self._monotonic() - began >= timeout_s else _reason(error, silent)
            raise SourceLost(f"{self._camera.source.redacted}: {reason}") from None

    def _paced(
        self, reads: Iterator[_Read], container: "av.container.InputContainer", stream: VideoStream
    ) -> Iterator[_Read]:
        """Return the packets at the pace of their pictures where the source has none: a file's and HLS's."""
        if self._camera.source.is_file:
            return reads if self._camera.settings.pace is Pace.FREE else self._held(reads, stream)
        return self._spread(reads, stream) if container.format.name == "hls" else reads

    def _held(self, reads: Iterator[_Read], stream: VideoStream) -> Iterator[_Read]:
        """Hold a file's packets until they are due at the file's own speed; they arrive when they are let go."""
        start: tuple[float, float] | None = None
        for read in reads:
            media_s = _decoding_s(read, stream)
            if media_s is not None:
                start = start or (self._monotonic(), media_s)
                if self._stopped.wait(max(0.0, start[0] + media_s - start[1] - self._monotonic())):
                    return
            yield _Read(read.raw, self._now())

    def _spread(self, reads: Iterator[_Read], stream: VideoStream) -> Iterator[_Read]:
        """Spread HLS's segments, which come in bursts, over their duration; a packet arrives when it is read."""
        pace = BurstPace()
        asked = self._monotonic()
        for read in reads:
            media_s, now = _decoding_s(read, stream), self._monotonic()
            if media_s is not None and self._stopped.wait(pace.pause_s(media_s, now, waited_s=now - asked)):
                return
            yield read
            asked = self._monotonic()

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
        recorded = _recorded(container.metadata.get("creation_time", ""))
        if recorded is not None:
            return recorded
        written = datetime.fromtimestamp(self._camera.source.path.stat().st_mtime, UTC)
        return written - timedelta(microseconds=container.duration or 0)


def _decoding_s(read: _Read, stream: VideoStream) -> float | None:
    """Return when a packet is to be decoded, in seconds of its stream; ``None`` where it does not say."""
    ticks = read.raw.dts if read.raw.dts is not None else read.raw.pts
    return None if ticks is None else float(ticks * (stream.time_base or Fraction(1, 90_000)))


def _recorded(creation_time: str) -> datetime | None:
    """Return a file's own time of recording; ``None`` where it has none, or the zero of a clock that was never set."""
    try:
        start = datetime.fromisoformat(creation_time)
    except ValueError:
        return None
    if start.year < _FIRST_YEAR:
        return None
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


def _open(camera: Camera) -> "av.container.InputContainer":
    settings, source = camera.settings, camera.source
    if source.is_file:
        if "://" in source.redacted and not source.redacted.startswith("file://"):
            raise SourceUnavailable(f"{source.redacted}: neither a file nor an address that can be read")
        if not source.path.is_file():
            raise SourceUnavailable(f"{source.redacted}: no such file")
        return _open_once(source, settings, {"protocol_whitelist": "file"})  # a playlist may not reach into the network
    # PyAV's time-outs, held by an interrupt, come first; the sockets' own are the second line. The declared frame rate
    # is not measured: that would hold the first picture back by twenty frames.
    microseconds = str(round((max(settings.open_timeout_s, settings.read_timeout_s) + 1) * 1_000_000))
    if source.scheme in {"rtsp", "rtsps"}:
        # Video alone: with audio FFmpeg shifts every time at the first sender report (rtpdec.c).
        options = {"rtsp_transport": settings.transport.value, "allowed_media_types": "video", "timeout": microseconds}
        return _open_once(source, settings, options | {"fpsprobesize": "0"})
    # FFmpeg looks for sound that gateways announce and never send: 5-12 s on live FLV and TS. One second shows the
    # picture, unless it begins far from a key frame.
    # HLS begins at its newest segment: it is played at its own pace, and FFmpeg's third last would stay so far behind.
    options = {"rw_timeout": microseconds, "fpsprobesize": "0", "live_start_index": "-1"}
    container = _open_once(source, settings, options | {"analyzeduration": "1000000"})
    if container.streams.video and _pictures(container) is None:
        container.close()
        container = _open_once(source, settings, options | {"analyzeduration": "15000000"})
    return container


def _open_once(source: SourceUrl, settings: StreamSettings, options: dict[str, str]) -> "av.container.InputContainer":
    began = time.monotonic()
    try:
        return av.open(_address(source), options=options, timeout=(settings.open_timeout_s, settings.read_timeout_s))
    except av.error.FFmpegError as error:
        if time.monotonic() - began >= settings.open_timeout_s:  # FFmpeg names other reasons for its interrupted read
            raise SourceUnavailable(f"{source.redacted}: no stream within {settings.open_timeout_s:g} s") from None
        raise _open_error(error, source, settings.open_timeout_s) from None


def _address(source: SourceUrl) -> str:
    """Return the address for FFmpeg; never kept in a variable, where a logged traceback would show the password."""
    return f"file:{source.path}" if source.is_file else source.reveal()


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


def _pictures(container: "av.container.InputContainer") -> VideoStream | None:
    """Return the first video stream whose size and decoder are known."""
    for stream in container.streams.video:
        if stream.codec_context is not None and stream.codec_context.width and stream.time_base:
            return stream
    return None


def _video_stream(container: "av.container.InputContainer", source: SourceUrl) -> VideoStream:
    chosen = _pictures(container)
    if chosen is None:
        raise NotAVideo(f"{source.redacted}: holds no video that can be read")
    for stream in container.streams:
        if stream is not chosen:
            stream.discard = Discard.all  # sound that goes on must not keep the time-out of a dead picture from running
    return chosen


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
