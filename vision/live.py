"""
Live tiles and overlays for the wall: latest only, dropped freely, never in the way of analysis or evidence.

Nothing is published for a camera that nobody watches (`api.contract.bus.wanted_key`). Tiles are remuxed packets, so a
watched camera costs a copy of its bit rate and no encoding.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import redis
import structlog
from redis.typing import EncodableT, FieldT

from api.contract import bus
from api.contract.schema import LiveClock, LiveEnd, LiveInit, OverlayBox, OverlayMessage
from streams.camera import CameraId
from streams.clip import Fragment, FragmentedMp4
from streams.clock import CaptureTime
from streams.errors import ClipError
from streams.frame import Frame, Packet, StreamInfo
from vision.stills import small_jpeg

log = structlog.get_logger(__name__)

_QUEUE_PACKETS = 400
"""About 13 s at 30 fps; a publisher further behind than that starts again at the next key frame."""

_CLOCK_EVERY_S = 2.0
_LIVE_TTL_S = 60
_SNAPSHOT_EVERY_S = 2.0
_SNAPSHOT_LONG_SIDE_PX = 960
_KNOWN_FRAMES = 64


@dataclass(slots=True)
class _Tile:
    """What the publisher knows of one watched camera; owned by the publishing thread except `waiting`."""

    waiting: deque[Packet] = field(default_factory=lambda: deque(maxlen=_QUEUE_PACKETS))
    overflowed: bool = False
    wanted: bool = False
    muxer: FragmentedMp4 | None = None
    stream: StreamInfo | None = None
    epoch: int = -1
    primed: tuple[int, int] | None = None
    clock_sent_s: float = float("-inf")
    overlays: deque[tuple[Frame, Sequence[OverlayBox]]] = field(default_factory=lambda: deque(maxlen=_KNOWN_FRAMES))


class LivePublisher:
    """
    Publishes the live tiles and snapshots of one worker's cameras on the bus, from one thread of its own.

    `on_packet` and `on_analysed` only append to bounded queues and never block. When the bus is away everything is
    dropped and counted.

    A new viewer need not wait for a key frame: `newest_gop` gives the packets since the last one from the
    camera's ring.
    """

    def __init__(self, bus_client: redis.Redis, newest_gop: Callable[[CameraId], Sequence[Packet]]) -> None:
        self._redis = bus_client
        self._newest_gop = newest_gop
        self._tiles: dict[CameraId, _Tile] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live")
        self._snapshot_at: dict[CameraId, datetime] = {}
        self._snapshots: dict[CameraId, Frame] = {}
        self.dropped = 0

    def start(self) -> None:
        """Start publishing."""
        self._thread.start()

    def stop(self, deadline_s: float = 5.0) -> None:
        """Stop publishing; return when the thread has ended or after `deadline_s`."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(deadline_s)

    def add(self, camera: CameraId) -> None:
        """Begin to serve a camera."""
        with self._lock:
            self._tiles.setdefault(camera, _Tile())

    def remove(self, camera: CameraId) -> None:
        """Forget a camera."""
        with self._lock:
            self._tiles.pop(camera, None)
            self._snapshots.pop(camera, None)

    def is_wanted(self, camera: CameraId) -> bool:
        """True while somebody watches the camera."""
        tile = self._tiles.get(camera)
        return tile is not None and tile.wanted

    def on_packet(self, packet: Packet) -> None:
        """Take in a packet as it arrives; called by the camera's own thread."""
        tile = self._tiles.get(packet.camera_id)
        if tile is None or not tile.wanted:
            return
        if len(tile.waiting) == _QUEUE_PACKETS:
            tile.overflowed = True
            self.dropped += 1
        tile.waiting.append(packet)
        self._wake.set()

    def on_analysed(self, frame: Frame, boxes: Sequence[OverlayBox]) -> None:
        """Take in an analysed frame and its boxes."""
        tile = self._tiles.get(frame.camera_id)
        if tile is None:
            return
        last = self._snapshot_at.get(frame.camera_id)
        if last is None or abs((frame.time.utc - last).total_seconds()) >= _SNAPSHOT_EVERY_S:
            self._snapshot_at[frame.camera_id] = frame.time.utc
            self._snapshots[frame.camera_id] = frame
        if tile.wanted:
            tile.overlays.append((frame, boxes))
        self._wake.set()

    def _run(self) -> None:
        next_poll = threading.Event()
        while not self._stopping.is_set():
            try:
                self._poll_wanted()
                for camera, tile in self._served():
                    self._publish_snapshot(camera)
                    if tile.wanted:
                        self._publish_tile(camera, tile)
            except redis.RedisError as error:
                log.warning("live tiles wait for the bus", error=str(error))
                next_poll.wait(1.0)
            self._wake.wait(0.1)
            self._wake.clear()

    def _served(self) -> list[tuple[CameraId, _Tile]]:
        with self._lock:
            return list(self._tiles.items())

    def _poll_wanted(self) -> None:
        served = self._served()
        if not served:
            return
        answers = self._redis.mget([bus.wanted_key(camera) for camera, _ in served])
        for (camera, tile), wanted in zip(served, answers, strict=True):
            if tile.wanted and not wanted:
                tile.waiting.clear()
                tile.overlays.clear()
                tile.muxer = None
            elif wanted and not tile.wanted:
                tile.wanted = True
                self._prime(camera, tile)
            tile.wanted = bool(wanted)

    def _prime(self, camera: CameraId, tile: _Tile) -> None:
        gop = self._newest_gop(camera)
        if not gop:
            return
        tile.primed = (gop[-1].time.epoch, gop[-1].dts)
        with self._redis.pipeline(transaction=False) as pipe:
            for packet in gop:
                self._feed(camera, tile, packet, pipe)
            pipe.execute()

    def _publish_tile(self, camera: CameraId, tile: _Tile) -> None:
        if tile.overflowed:
            tile.overflowed = False
            tile.waiting.clear()
            self._end(camera, tile, "publisher fell behind")
        with self._redis.pipeline(transaction=False) as pipe:
            while tile.waiting:
                packet = tile.waiting.popleft()
                if tile.primed is None or (packet.time.epoch, packet.dts) > tile.primed:
                    self._feed(camera, tile, packet, pipe)
            while tile.overlays and tile.muxer is not None:
                frame, boxes = tile.overlays.popleft()
                media_s = tile.muxer.media_s(frame.time) if frame.time.epoch == tile.epoch else None
                if media_s is not None:
                    self._message(camera, _overlay(media_s, frame, boxes).model_dump_json(), pipe)
            pipe.execute()

    def _feed(self, camera: CameraId, tile: _Tile, packet: Packet, pipe: redis.client.Pipeline) -> None:
        if tile.muxer is not None and (packet.time.epoch != tile.epoch or packet.stream is not tile.stream):
            self._end(camera, tile, "stream started again")
        if tile.muxer is None:
            if not packet.is_keyframe:
                return
            try:
                tile.muxer = FragmentedMp4(packet.stream)
            except ClipError as error:
                log.warning("stream cannot be shown live", camera=camera, error=str(error))
                return
            tile.stream, tile.epoch, tile.clock_sent_s = packet.stream, packet.time.epoch, float("-inf")
            init = LiveInit(
                epoch=tile.epoch, mime=tile.muxer.mime, width=packet.stream.width, height=packet.stream.height
            )
            fields: dict[FieldT, EncodableT] = {
                "kind": bus.LiveEntry.INIT,
                "data": init.model_dump_json(),
                "segment": tile.muxer.init_segment,
            }
            pipe.xadd(bus.live_key(camera), fields, maxlen=bus.LIVE_MAXLEN, approximate=True)
        fragment = tile.muxer.feed(packet)
        if fragment is not None:
            shown_s = tile.muxer.media_s(fragment.time)
            self._fragment(camera, tile, fragment, fragment.media_s if shown_s is None else shown_s, pipe)

    def _fragment(
        self, camera: CameraId, tile: _Tile, fragment: Fragment, shown_s: float, pipe: redis.client.Pipeline
    ) -> None:
        fields: dict[FieldT, EncodableT] = {
            "kind": bus.LiveEntry.MEDIA,
            "data": fragment.data,
            "key": "1" if fragment.is_keyframe else "0",
        }
        pipe.xadd(bus.live_key(camera), fields, maxlen=bus.LIVE_MAXLEN, approximate=True)
        if fragment.media_s - tile.clock_sent_s >= _CLOCK_EVERY_S or fragment.media_s < tile.clock_sent_s:
            tile.clock_sent_s = fragment.media_s
            self._message(camera, _clock(fragment.time, shown_s).model_dump_json(), pipe)

    def _message(self, camera: CameraId, text: str, pipe: redis.client.Pipeline) -> None:
        _add(camera, pipe, kind=bus.LiveEntry.MESSAGE, data=text)
        pipe.expire(bus.live_key(camera), _LIVE_TTL_S)

    def _end(self, camera: CameraId, tile: _Tile, reason: str) -> None:
        if tile.muxer is None:
            return
        with self._redis.pipeline(transaction=False) as pipe:
            self._message(camera, LiveEnd(epoch=tile.epoch, reason=reason).model_dump_json(), pipe)
            pipe.execute()
        tile.muxer = None

    def _publish_snapshot(self, camera: CameraId) -> None:
        frame = self._snapshots.pop(camera, None)
        if frame is None:
            return
        jpeg = small_jpeg(frame.image, _SNAPSHOT_LONG_SIDE_PX)
        height, width = frame.image.shape[:2]
        key = bus.snapshot_key(camera)
        fields: dict[FieldT, EncodableT] = {
            "jpeg": jpeg,
            "utc": frame.time.utc.isoformat(),
            "width": width,
            "height": height,
        }
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping=fields)
            pipe.expire(key, bus.SNAPSHOT_TTL_S)
            pipe.execute()


def _add(camera: CameraId, pipe: redis.client.Pipeline, **fields: EncodableT) -> None:
    entry: dict[FieldT, EncodableT] = dict(fields.items())
    pipe.xadd(bus.live_key(camera), entry, maxlen=bus.LIVE_MAXLEN, approximate=True)


def _clock(time: CaptureTime, media_s: float) -> LiveClock:
    return LiveClock(
        epoch=time.epoch,
        media_s=media_s,
        utc=time.utc,
        clock_source=time.source,
        uncertainty_s=time.uncertainty_s,
    )


def _overlay(media_s: float, frame: Frame, boxes: Sequence[OverlayBox]) -> OverlayMessage:
    height, width = frame.image.shape[:2]
    return OverlayMessage(
        epoch=frame.time.epoch, media_s=media_s, utc=frame.time.utc, width=width, height=height, boxes=list(boxes)
    )
