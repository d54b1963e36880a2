"""What a picture costs by itself: decoding a key frame, detecting in it; the rest of a camera's thread is reading."""

import time
from collections.abc import Callable
from pathlib import Path

from models.detector import Detector
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.decoding.decode import FrameDecoder
from streams.source import AvSource
from streams.timing.clock import StreamClock

BATCH = 4
_ROUNDS = 5


def decode_and_detect_ms(clip: Path, detector: Detector) -> tuple[float, float]:
    """Return milliseconds of processor time for a key frame of `clip` and for detecting in it, the least of a few."""
    look_px = max(detector.card.input_wh)
    settings = StreamSettings(pace=Pace.FREE, look_px=look_px)
    camera = Camera(camera_id("costs"), "", SourceUrl(str(clip)), settings)
    packets = [packet for packet in AvSource(camera, StreamClock()).packets() if packet.is_keyframe]
    decoder = FrameDecoder(0.0, look_px=look_px)
    frames = [frame for packet in packets for frame in decoder.decode_alone(packet)]
    decode_s = _least(lambda: [decoder.decode_alone(packet) for packet in packets])
    images = [frame.image for frame in (frames * BATCH)[:BATCH]]
    detector.detect(images)
    detect_s = _least(lambda: detector.detect(images))
    return round(1000 * decode_s / len(packets), 2), round(1000 * detect_s / BATCH, 2)


def _least(call: Callable[[], object]) -> float:
    durations = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        call()
        durations.append(time.process_time() - began)
    return min(durations)
