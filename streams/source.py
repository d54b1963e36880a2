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
from av.video.stream import VideoStream

from streams.camera import Camera, Pace
from streams.container import DELAY_S, DELAYS_S, open_container, reason_of, sound_of, stream_info, video_stream
from streams.errors import SourceLost
from streams.frame import Packet
from streams.pages import Pages
from streams.parameters import Parameters
from streams.timing.clock import StreamClock, utc_now
from streams.timing.pacing import BurstPace, FilePace

__all__ = ["AvSource", "PacketSource", "open_source"]

_UNTIMED_MAX = 16
_INVENTED = frozenset({"h264", "hevc", "jpeg_pipe", "m4v", "mjpeg", "mpjpeg"})
"""Formats without times: FFmpeg counts 25 pictures a second, whatever a web camera sends."""

_FIRST_YEAR = 2000


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


class _Ahead:
    """Packets one by one, and a look at the next."""

    def __init__(self, reads: Iterator[_Read]) -> None:
        self._reads = reads
        self._next: _Read | None = None

    def __iter__(self) -> Iterator[_Read]:
        return self

    def __next__(self) -> _Read:
        read, self._next = self._next or next(self._reads), None
        return read

    def peek(self) -> int | None:
        """Return the next packet's decoding time in ticks; waits for it."""
        self._next = self._next or next(self._reads, None)
        if self._next is None:
            return None
        raw = self._next.raw
        return raw.dts if raw.dts is not None else raw.pts


class AvSource:
    """
    A file, RTSP, RTMP, HLS or HTTP-FLV stream read through FFmpeg; audio is ignored, the bitstream is left untouched.

    Opening and each read have their time-outs (`StreamSettings`); they hold against a server that accepts and then is
    silent. Only the system's name resolution cannot be interrupted.

    Attributes:
        sound: codecs of the sound tracks beside the picture; ``None`` while they are not known (`sound_of`).
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
        self.sound: tuple[str, ...] | None = None

    def stop(self) -> None:
        """End `packets` at its next packet or time-out; a file's pause for its pace ends at once."""
        self._stopped.set()

    def packets(self) -> Generator[Packet, None, None]:
        """Open the source and yield its packets; see `PacketSource.packets`."""
        while True:
            with open_container(self._camera) as container:
                yield from self._one_pass(container)
            if self._stopped.is_set():
                return
            if not self._camera.source.is_file:
                raise SourceLost(f"{self._camera.source.redacted}: the server ended the stream")
            if not self._camera.settings.loop:
                return

    def _one_pass(self, container: "av.container.InputContainer") -> Iterator[Packet]:
        stream = video_stream(container, self._camera.source)
        self.sound = sound_of(container)
        info = stream_info(stream)
        parameters, pages = Parameters(info), Pages()
        self._clock.begin(
            self._file_start(container, stream) if self._camera.source.is_file else None,
            arrival_uncertainty_s=DELAYS_S.get(container.format.name, DELAY_S),
        )
        reads = _Ahead(self._timed(self._paced(self._read(container, stream), container, stream)))
        is_timed = self._camera.source.is_file or container.format.name not in _INVENTED
        for read in reads:
            data = pages.keep(memoryview(read.raw), begins_group=read.raw.is_keyframe)
            changed = parameters.in_force(read.raw, data)
            if changed is not info:
                info = changed
                self._clock.renew()
            stamp = self._clock.stamp(
                read.raw.pts if is_timed else None,
                read.raw.dts if is_timed else None,
                info.time_base,
                read.arrival,
                duration=(read.raw.duration or 0) * is_timed,
                is_keyframe=read.raw.is_keyframe,
                sender_utc=None if self._camera.source.is_file else _sender_utc(read.raw),
                peek=reads.peek,
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
            reason = silent if self._monotonic() - began >= timeout_s else reason_of(error, silent)
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
        pace = FilePace()
        usual_s = float(1 / (stream.average_rate or Fraction(25)))
        for read in reads:
            length_s = float((read.raw.duration or 0) * (stream.time_base or 0)) or usual_s
            if self._stopped.wait(pace.pause_s(_decoding_s(read, stream), length_s, self._monotonic())):
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
