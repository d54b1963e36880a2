"""
A worker on a stage: real packets of a clip made in code, published by the worker's own live publisher, with boxes and
leads that the test decides.
"""

import base64
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import redis
from numpy.typing import NDArray

from api.contract import bus
from api.contract.wire.camera_health import CameraHealth, CameraState
from api.contract.wire.lead import LeadAnnouncement, LeadDocument
from api.contract.wire.live import OverlayBox
from streams.camera import Camera, CameraId, SourceUrl, StreamSettings
from streams.frame import Frame, Packet
from streams.source import AvSource
from streams.timing.clock import StreamClock
from vision.worker.live import LivePublisher

FPS = 12
SIZE = (640, 360)
SQUARE_PX = 60
ANALYSES_PER_S = 2
LOOP_S = 40.0


def square_left(pts_s: float) -> float:
    """Return where the square's left edge is at a time of the clip: to and fro, 40 pixels a second."""
    span = SIZE[0] - SQUARE_PX
    way = (40.0 * pts_s) % (2 * span)
    return way if way < span else 2 * span - way


def square_picture(pts_s: float) -> NDArray[np.uint8]:
    """Return a dim picture with one white square, BGR ``(360, 640, 3)``."""
    image = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    image[:] = np.linspace(90, 40, SIZE[1], dtype=np.uint8)[:, None, None]
    left = round(square_left(pts_s))
    image[150 : 150 + SQUARE_PX, left : left + SQUARE_PX] = 255
    return image


def make_square_clip(path: Path, seconds: float = LOOP_S, codec: str = "libx264") -> Path:
    """Write the clip of the moving square and return its path."""
    options = {
        "libx264": {"preset": "ultrafast", "crf": "24", "tune": "zerolatency"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    }.get(codec, {})
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec != "mjpeg":
            stream.gop_size = FPS
        for index in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(square_picture(index / FPS), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@dataclass(eq=False)
class StagedCamera:
    """One camera of the staged worker: reads its clip at real pace and analyses by knowing where the square is."""

    worker: "StagedWorker"
    id: CameraId
    clip: Path
    box_state: str = "confirmed"
    state: CameraState = CameraState.PLAYING
    error: str = ""
    told: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = StreamSettings(loop=True)
        camera = Camera(self.id, self.id, SourceUrl(str(self.clip)), settings)
        self.source = AvSource(camera, StreamClock())
        self.gop: list[Packet] = []
        self.last: Packet | None = None
        self.thread = threading.Thread(target=self._run, name=f"staged-{self.id}")

    def _run(self) -> None:
        analysed = -1
        for packet in self.source.packets():
            if packet.is_keyframe:
                self.gop = []
            self.gop.append(packet)
            self.last = packet
            self.worker.publisher.on_packet(packet)
            self.worker.report(self)
            turn = int(packet.time.pts_s * ANALYSES_PER_S)
            if turn != analysed:
                analysed = turn
                self._analyse(packet)

    def _analyse(self, packet: Packet) -> None:
        left = square_left(float(packet.time.pts_s))
        box = OverlayBox(
            xyxy=(left, 150.0, left + SQUARE_PX, 150.0 + SQUARE_PX),
            class_name="smoke",
            confidence=0.87,
            track=1,
            state=self.box_state,
        )
        image = square_picture(float(packet.time.pts_s))
        self.worker.publisher.on_analysed(Frame(self.id, packet.time, image), [box])


class StagedWorker:
    """Publishes live tiles, snapshots, states and announcements like a worker."""

    def __init__(self, socket: Path) -> None:
        self.redis = redis.Redis(unix_socket_path=str(socket))
        self.cameras: dict[CameraId, StagedCamera] = {}
        self.publisher = LivePublisher(self.redis, lambda camera: list(self.cameras[camera].gop))
        self.publisher.start()

    def add(self, name: str, clip: Path) -> StagedCamera:
        """Begin to read a camera."""
        camera = StagedCamera(self, CameraId(name), clip)
        self.cameras[camera.id] = camera
        self.publisher.add(camera.id)
        camera.thread.start()
        return camera

    def report(self, camera: StagedCamera) -> None:
        """Say how a camera is."""
        now = datetime.now(UTC)
        values = {
            "camera_id": camera.id,
            "state": camera.state,
            "since": now,
            "reported": now,
            "error": camera.error,
            "codec": camera.last.stream.codec if camera.last else "",
            "width": SIZE[0],
            "height": SIZE[1],
            "last_frame_utc": camera.last.time.utc if camera.last else None,
        }
        health = CameraHealth.model_validate(values | camera.told)
        self.redis.set(bus.state_key(camera.id), health.model_dump_json(), ex=bus.STATE_TTL_S)

    def announce(self, lead: LeadDocument) -> None:
        """Tell of a confirmed lead whose package is still being made."""
        _, jpeg = cv2.imencode(".jpg", cv2.resize(square_picture(3.0), (320, 180)))
        announcement = LeadAnnouncement(lead=lead, still_jpeg_b64=base64.b64encode(bytes(jpeg)).decode())
        self.redis.xadd(bus.LEADS_ANNOUNCED, {"announcement": announcement.model_dump_json()})

    def stop(self) -> None:
        """End all threads."""
        for camera in self.cameras.values():
            camera.source.stop()
        for camera in self.cameras.values():
            camera.thread.join()
        self.publisher.stop()
        self.redis.close()
