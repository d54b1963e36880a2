"""Cameras under watch: each with its runner and its analyser, and what the worker says of its health."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from api.contract.schema import CameraHealth, CameraState, OverlayBox
from streams.board import FrameBoard
from streams.clock import utc_now
from streams.frame import Frame
from streams.runner import CameraRunner
from vision.analyser import CameraAnalyser
from vision.sections import CameraConfig

_RATE_WINDOW_S = 10.0


@dataclass(slots=True)
class WatchedCamera:
    """
    One camera while it is watched.

    `analysing` guards the analyser and `is_over`: frames come from a detector thread, one at a time; the end comes from
    another, and a frame that was in flight then is not analysed any more.
    """

    config: CameraConfig
    runner: CameraRunner
    analyser: CameraAnalyser
    analysing: threading.Lock = field(default_factory=threading.Lock)
    is_over: bool = False
    analysed: int = 0
    delay_s: float = 0.0
    _moments: deque[float] = field(default_factory=lambda: deque(maxlen=256))

    def note_analysed(self, frame: Frame) -> None:
        """Count an analysed frame, and how long after its capture its boxes were known."""
        self.analysed += 1
        self.delay_s = max(0.0, (utc_now() - frame.time.utc).total_seconds())
        self._moments.append(time.monotonic())

    def overlay(self) -> list[OverlayBox]:
        """Return the boxes of the newest analysed frame as the wall draws them."""
        return [
            OverlayBox(
                xyxy=box.xyxy,
                class_name=box.class_name,
                confidence=round(box.confidence, 3),
                track=box.track,
                state="" if box.state is None else box.state.value,
            )
            for box in self.analyser.overlay()
        ]

    def health(self, worker: str, board: FrameBoard) -> CameraHealth:
        """Return what the API is told of this camera now."""
        status = self.runner.snapshot()
        return CameraHealth(
            camera_id=self.config.id,
            state=CameraState(status.state.value),
            worker=worker,
            since=status.since,
            reported=utc_now(),
            error=status.error,
            reconnects=status.reconnects,
            codec=status.codec,
            width=status.width,
            height=status.height,
            received_fps=round(status.received_fps, 2),
            analysed_fps=round(self._analysed_fps(), 2),
            frames_received=status.packets,
            frames_analysed=self.analysed,
            frames_dropped=board.dropped(self.runner.camera.id) + status.frames_skipped,
            last_frame_utc=status.last_packet_utc,
            clock_source="" if status.clock_source is None else status.clock_source.value,
            clock_uncertainty_s=status.clock_uncertainty_s,
            analysis_delay_s=round(self.delay_s, 3),
        )

    def _analysed_fps(self) -> float:
        now = time.monotonic()
        recent = [moment for moment in self._moments if now - moment <= _RATE_WINDOW_S]
        return (len(recent) - 1) / (now - recent[0]) if len(recent) > 1 and now > recent[0] else 0.0
