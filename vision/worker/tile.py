"""One camera's live tile: packets and boxes in, entries of its live stream on the bus out."""

from collections.abc import Iterable, Sequence

import redis
import structlog
from redis.typing import EncodableT, FieldT

from api.contract import bus
from api.contract.fields import MOST_BOXES, one_line
from api.contract.wire.live import LiveClock, LiveEnd, LiveInit, OverlayBox, OverlayMessage
from streams.camera import CameraId
from streams.decoding.clip import Fragment, FragmentedMp4, unplayable_mime
from streams.errors import ClipError
from streams.frame import Frame, Packet, StreamInfo
from streams.timing.clock import CaptureTime

log = structlog.get_logger(__name__)

_CLOCK_EVERY_S = 2.0
_LIVE_TTL_S = 60


class LiveTile:
    """
    The tile of a camera with viewers. Writes to the pipeline it is given; not thread-safe.

    The initialisation segment is also kept in a key of its own, since the stream is capped and late viewers need it.
    """

    def __init__(self, camera: CameraId) -> None:
        self._camera = camera
        self._muxer: FragmentedMp4 | None = None
        self._unshowable: StreamInfo | None = None
        self._stream: StreamInfo | None = None
        self._epoch = -1
        self._primed: tuple[int, int] | None = None
        self._clock_sent_s = float("-inf")

    def prime(self, gop: Sequence[Packet], pipe: redis.client.Pipeline) -> None:
        """Start with the packets since the newest key frame; `feed` then skips the same packets."""
        if gop:
            self.feed(gop, pipe)
            self._primed = (gop[-1].time.epoch, gop[-1].dts)

    def feed(self, packets: Iterable[Packet], pipe: redis.client.Pipeline) -> None:
        """Add packets in the order of arrival; a packet that cannot be muxed restarts the tile."""
        for packet in packets:
            if self._primed is not None and (packet.time.epoch, packet.dts) <= self._primed:
                continue
            try:
                self._add(packet, pipe)
            except ClipError as error:
                log.warning("live tile restarts", camera=self._camera, error=str(error))
                self.end("packet cannot be shown", pipe)

    def show(self, frame: Frame, boxes: Sequence[OverlayBox], pipe: redis.client.Pipeline) -> None:
        """Add the boxes of an analysed frame, with the media time of its picture."""
        if self._muxer is None or frame.time.epoch != self._epoch:
            return
        media_s = self._muxer.media_s(frame.time)
        if media_s is not None:
            width, height = frame.source_wh
            message = OverlayMessage(
                epoch=self._epoch,
                media_s=media_s,
                utc=frame.time.utc,
                width=width,
                height=height,
                boxes=list(boxes[:MOST_BOXES]),
            )
            self._say(message.model_dump_json(), pipe)

    def end(self, reason: str, pipe: redis.client.Pipeline) -> None:
        """Send the end of this epoch of the tile; the next key frame starts another."""
        if self._muxer is not None:
            self._say(LiveEnd(epoch=self._epoch, reason=one_line(reason)).model_dump_json(), pipe)
        self.forget()

    def forget(self) -> None:
        """Restart at the next key frame without an end: there are no viewers, or the bus lost what was sent."""
        self._muxer = None
        self._unshowable = None
        self._primed = None

    def _add(self, packet: Packet, pipe: redis.client.Pipeline) -> None:
        if self._muxer is not None and (packet.time.epoch != self._epoch or packet.stream is not self._stream):
            self.end("stream started again", pipe)
        if self._muxer is None:
            if not packet.is_keyframe or packet.stream is self._unshowable:
                return
            self._muxer = self._begin(packet, pipe)
            if self._muxer is None:
                return
        fragment = self._muxer.feed(packet)
        if fragment is not None:
            self._send(fragment, self._muxer.media_s(fragment.time), pipe)

    def _begin(self, packet: Packet, pipe: redis.client.Pipeline) -> FragmentedMp4 | None:
        """Send the initialisation; an empty one where MP4 cannot hold the codec, so that viewers use snapshots."""
        muxer, mime, segment = None, unplayable_mime(packet.stream.codec), b""
        try:
            muxer = FragmentedMp4(packet.stream)
            mime, segment = muxer.mime, muxer.init_segment
        except ClipError as error:
            self._unshowable = packet.stream
            log.info("live tile shows snapshots", camera=self._camera, error=str(error))
        self._stream, self._epoch, self._clock_sent_s = packet.stream, packet.time.epoch, float("-inf")
        init = LiveInit(
            epoch=self._epoch, mime=mime, width=packet.stream.width, height=packet.stream.height
        ).model_dump_json()
        self._append(pipe, kind=bus.LiveEntry.INIT, data=init, segment=segment)
        kept: dict[FieldT, EncodableT] = {"data": init, "segment": segment, "epoch": self._epoch}
        pipe.hset(bus.init_key(self._camera), mapping=kept)
        self._keep(pipe)
        return muxer

    def _send(self, fragment: Fragment, shown_s: float | None, pipe: redis.client.Pipeline) -> None:
        self._append(pipe, kind=bus.LiveEntry.MEDIA, data=fragment.data, key="1" if fragment.is_keyframe else "0")
        if not 0 <= fragment.media_s - self._clock_sent_s < _CLOCK_EVERY_S:
            self._clock_sent_s = fragment.media_s
            clock = _clock(fragment.time, fragment.media_s if shown_s is None else shown_s)
            self._say(clock.model_dump_json(), pipe)

    def _say(self, text: str, pipe: redis.client.Pipeline) -> None:
        self._append(pipe, kind=bus.LiveEntry.MESSAGE, data=text)
        self._keep(pipe)

    def _keep(self, pipe: redis.client.Pipeline) -> None:
        pipe.expire(bus.live_key(self._camera), _LIVE_TTL_S)
        pipe.expire(bus.init_key(self._camera), _LIVE_TTL_S)

    def _append(self, pipe: redis.client.Pipeline, **fields: EncodableT) -> None:
        entry: dict[FieldT, EncodableT] = dict(fields.items())
        pipe.xadd(bus.live_key(self._camera), entry, maxlen=bus.LIVE_MAXLEN, approximate=True)


def _clock(time: CaptureTime, media_s: float) -> LiveClock:
    return LiveClock(
        epoch=time.epoch,
        media_s=media_s,
        utc=time.utc,
        clock_source=time.source,
        uncertainty_s=time.uncertainty_s,
    )
