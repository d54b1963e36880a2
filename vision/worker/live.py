"""
Live tiles and snapshots for the wall: latest only, dropped freely, never blocking analysis or evidence.

A camera without viewers gets only occasional snapshots (`api.contract.bus.wanted_key`). Tiles are remuxed packets: a
viewed camera costs a copy of its bit rate and no encoding.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import redis
import structlog
from redis.typing import EncodableT, FieldT

from api.contract import bus
from api.contract.wire.live import OverlayBox
from streams.camera import CameraId
from streams.frame import Frame, Packet
from vision.evidence.stills import small_jpeg
from vision.worker.tile import LiveTile

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

_QUEUE_PACKETS = 400
"""About 13 s at 30 fps; a publisher further behind than that starts again at the next key frame."""

_QUEUE_OVERLAYS = 64
_SNAPSHOT_EVERY_S = 2.0
_SNAPSHOT_LONG_SIDE_PX = 960
_BUS_PAUSE_S = 1.0


@dataclass(slots=True)
class _Served:
    """One camera; the publishing thread owns everything except the three queues."""

    tile: LiveTile
    packets: deque[Packet] = field(default_factory=lambda: deque(maxlen=_QUEUE_PACKETS))
    overlays: deque[tuple[Frame, Sequence[OverlayBox]]] = field(default_factory=lambda: deque(maxlen=_QUEUE_OVERLAYS))
    snapshot: deque[Frame] = field(default_factory=lambda: deque(maxlen=1))
    snapshot_utc: datetime | None = None
    wanted: bool = False
    overflowed: bool = False


class LivePublisher:
    """
    Publishes the live tiles and snapshots of one worker's cameras on the bus, from its own thread.

    `on_packet` and `on_analysed` append to bounded queues and never block. While the bus is down everything is
    dropped and counted. A fault in one camera's tile ends only that tile.

    New viewers do not wait for a key frame: `newest_gop` gives the packets since the last one in the camera's ring.
    """

    def __init__(self, bus_client: redis.Redis, newest_gop: Callable[[CameraId], Sequence[Packet]]) -> None:
        self._redis = bus_client
        self._newest_gop = newest_gop
        self._served: dict[CameraId, _Served] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live")
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
        """Add a camera."""
        with self._lock:
            self._served.setdefault(camera, _Served(LiveTile(camera)))

    def remove(self, camera: CameraId) -> None:
        """Remove a camera."""
        with self._lock:
            self._served.pop(camera, None)

    def is_wanted(self, camera: CameraId) -> bool:
        """Whether the camera has viewers."""
        served = self._served.get(camera)
        return served is not None and served.wanted

    def on_packet(self, packet: Packet) -> None:
        """Queue a packet; called by the camera's own thread."""
        served = self._served.get(packet.camera_id)
        if served is None or not served.wanted:
            return
        if len(served.packets) == _QUEUE_PACKETS:
            served.overflowed = True
            self.dropped += 1
        served.packets.append(packet)
        self._wake.set()

    def on_analysed(self, frame: Frame, boxes: Sequence[OverlayBox]) -> None:
        """Queue an analysed frame and its boxes."""
        served = self._served.get(frame.camera_id)
        if served is None:
            return
        last = served.snapshot_utc
        if last is None or abs((frame.time.utc - last).total_seconds()) >= _SNAPSHOT_EVERY_S:
            served.snapshot_utc = frame.time.utc
            served.snapshot.append(frame)
        if served.wanted:
            served.overlays.append((frame, boxes))
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            cameras = self._cameras()
            try:
                self._look_who_watches(cameras)
                for camera, served in cameras:
                    self._publish(camera, served)
            except redis.RedisError as error:
                log.warning("live tiles wait for the bus", error=str(error))
                for _, served in cameras:
                    served.tile.forget()
                self._stopping.wait(_BUS_PAUSE_S)
            except Exception:
                log.exception("live tiles failed, continuing")
                self._stopping.wait(_BUS_PAUSE_S)
            self._wake.wait(0.1)
            self._wake.clear()

    def _cameras(self) -> list[tuple[CameraId, _Served]]:
        with self._lock:
            return list(self._served.items())

    def _look_who_watches(self, cameras: Sequence[tuple[CameraId, _Served]]) -> None:
        if not cameras:
            return
        answers = self._redis.mget([bus.wanted_key(camera) for camera, _ in cameras])
        for (camera, served), wanted in zip(cameras, answers, strict=True):
            if served.wanted and not wanted:
                served.wanted = False
                served.packets.clear()
                served.overlays.clear()
                served.tile.forget()
            elif wanted and not served.wanted:
                # Packets are queued from here on, so that none is missing between the ring's copy and the queue.
                served.wanted = True
                self._prime(camera, served)

    def _prime(self, camera: CameraId, served: _Served) -> None:
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                served.tile.prime(self._newest_gop(camera), pipe)
                pipe.execute()
        except redis.RedisError:
            raise
        except Exception:
            log.exception("live tile cannot start from the ring, waits for a key frame", camera=camera)
            served.tile.forget()

    def _publish(self, camera: CameraId, served: _Served) -> None:
        try:
            self._publish_snapshot(camera, served)
            if served.wanted:
                self._publish_tile(served)
        except redis.RedisError:
            raise
        except Exception:
            log.exception("live tile failed, restarting", camera=camera)
            served.tile.forget()

    def _publish_tile(self, served: _Served) -> None:
        with self._redis.pipeline(transaction=False) as pipe:
            if served.overflowed:
                served.overflowed = False
                served.packets.clear()
                served.tile.end("publisher fell behind", pipe)
            served.tile.feed(_taken(served.packets), pipe)
            for frame, boxes in _taken(served.overlays):
                served.tile.show(frame, boxes, pipe)
            pipe.execute()

    def _publish_snapshot(self, camera: CameraId, served: _Served) -> None:
        for frame in _taken(served.snapshot):
            width, height = frame.source_wh
            key = bus.snapshot_key(camera)
            fields: dict[FieldT, EncodableT] = {
                "jpeg": small_jpeg(frame.image, _SNAPSHOT_LONG_SIDE_PX),
                "utc": frame.time.utc.isoformat(),
                "width": width,
                "height": height,
            }
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping=fields)
                pipe.expire(key, bus.SNAPSHOT_TTL_S)
                pipe.execute()


def _taken(waiting: deque[Item]) -> list[Item]:
    """Remove and return what is queued now; other threads may append meanwhile."""
    return [waiting.popleft() for _ in range(len(waiting))]
