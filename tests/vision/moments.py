"""Times, pictures and boxes for tests of what is seen over time."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache

import numpy as np

from models.detections import Detections
from models.detector import ModelCard
from streams.camera import camera_id
from streams.frame import BgrImage, Frame
from streams.timing.clock import CaptureTime, UtcSource

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

CARD = ModelCard(
    name="test",
    version="1",
    class_names=("smoke", "fire"),
    input_wh=(640, 640),
    threshold=0.1,
    weights_sha256="0" * 64,
    weights_format="onnx-fp32",
)


def moment(seconds: float, epoch: int = 0) -> CaptureTime:
    """Return the time `seconds` after the start of an epoch."""
    pts_s = Fraction(seconds).limit_denominator(1_000_000)
    return CaptureTime(pts_s, START + timedelta(seconds=seconds), UtcSource.FILE, 0.0, epoch)


def boxes(*rows: tuple[str, float, tuple[float, float, float, float]]) -> Detections:
    """Return detections of (class, confidence, xyxy), by falling confidence."""
    ordered = sorted(rows, key=lambda row: -row[1])
    return Detections(
        np.array([row[2] for row in ordered], np.float32).reshape(-1, 4),
        np.array([row[1] for row in ordered], np.float32),
        np.array([CARD.class_names.index(row[0]) for row in ordered], np.int32),
    )


def still_image(width: int = 320, height: int = 180) -> BgrImage:
    """Return a picture with some texture, the same on every call."""
    return _textured(width, height).copy()


@cache
def _textured(width: int, height: int) -> BgrImage:
    return np.random.default_rng(7).integers(60, 120, (height, width, 3), np.uint8)


def grainy(image: BgrImage, seconds: float) -> BgrImage:
    """Return a picture as a sensor sees it at a time: two pictures of one place are never quite the same."""
    grain = np.random.default_rng(int(seconds * 1000) + 5).integers(0, 3, image.shape, np.uint8)
    return np.asarray(image + grain, np.uint8)


def flickering(seconds: float, xyxy: tuple[int, int, int, int], width: int = 320, height: int = 180) -> BgrImage:
    """Return the still picture with pixels in a box that are others at every time."""
    image = still_image(width, height)
    left, top, right, bottom = xyxy
    noise = np.random.default_rng(int(seconds * 1000) + 1)
    cells = noise.integers(0, 160, (4, 4, 3), np.uint8).repeat(64, axis=0).repeat(64, axis=1)
    rows = np.linspace(0, cells.shape[0] - 1, bottom - top).astype(int)
    columns = np.linspace(0, cells.shape[1] - 1, right - left).astype(int)
    image[top:bottom, left:right] = cells[rows[:, None], columns[None, :]]
    return image


def flaming(seconds: float, xyxy: tuple[int, int, int, int]) -> BgrImage:
    """Return the still picture with a box that flickers as `flickering` does, yellow to red."""
    image = flickering(seconds, xyxy)
    left, top, right, bottom = xyxy
    glow = image[top:bottom, left:right, 2].astype(np.float32) / 160
    image[top:bottom, left:right] = np.stack([60 * glow, 40 + 160 * glow, 120 + 130 * glow], axis=2).astype(np.uint8)
    return image


def frame(image: BgrImage, time: CaptureTime, camera: str = "cam") -> Frame:
    """Return a picture of a camera at a time."""
    return Frame(camera_id(camera), time, image)
