"""
The overlay of an evidence package: the still of the peak with its box, its time and its values drawn in.

OpenCV's letters are ASCII only, so the picture carries codes and figures; people's words stand beside it on the wall.
"""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from streams.clock import CaptureTime
from streams.frame import BgrImage
from vision.leads import Finding

_BOX_BGR = (0, 64, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def local_label(time: CaptureTime, zone: ZoneInfo) -> str:
    """Return a capture time for people, in `zone`: ``2026-11-23 10:30:05.120 UTC+8 (rtcp +-0.05 s)``."""
    moment = time.utc.astimezone(zone)
    offset = moment.utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    ahead = f"{'-' if offset < timedelta() else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")
    text = moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return f"{text} UTC{ahead} ({time.source} +-{time.uncertainty_s:g} s)"


def draw_overlay(image: BgrImage, finding: Finding, heading: Sequence[str], zone: ZoneInfo) -> BgrImage:
    """Return a copy of `image` with the finding's box, its values, its time in `zone`, and `heading` on a dark band."""
    picture = np.ascontiguousarray(image).copy()
    height, width = picture.shape[:2]
    scale = max(0.4, height / 1080)
    thickness = max(1, round(2 * scale))
    left, top, right, bottom = (round(value) for value in finding.xyxy)
    cv2.rectangle(picture, (left, top), (right, bottom), _BOX_BGR, thickness + 1)
    label = f"{finding.class_name} {finding.confidence:.2f}"
    cv2.putText(picture, label, (left, max(20, top - 8)), _FONT, 0.8 * scale, _BOX_BGR, thickness, cv2.LINE_AA)
    values = ", ".join(f"{name}={value:.4g}" for name, value in sorted(finding.measures.items()))
    lines = [*heading, local_label(finding.time, zone), *([values] if values else [])]
    step = max(16, round(34 * scale))
    band = picture[max(0, height - step * len(lines) - step // 2) :, :]
    band[:] = (band * 0.35).astype(np.uint8)
    for index, line in enumerate(reversed(lines)):
        place = (max(4, width // 100), height - step // 2 - index * step)
        text = line.encode("ascii", "replace").decode()
        cv2.putText(picture, text, place, _FONT, 0.8 * scale, (255, 255, 255), thickness, cv2.LINE_AA)
    return picture


def encode_png(image: BgrImage) -> bytes:
    """Return the picture as PNG, lossless; compression 1 because 3 costs twice the time for a few percent."""
    return _encode(image, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1])


def encode_jpeg(image: BgrImage, quality: int = 92) -> bytes:
    """Return the picture as JPEG."""
    return _encode(image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def _encode(image: BgrImage, ending: str, options: Sequence[int]) -> bytes:
    done, data = cv2.imencode(ending, image, options)
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be encoded as {ending}")
    return data.tobytes()
