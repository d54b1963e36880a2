"""The overlay of an evidence package: the still of the peak with its box, its time and its values drawn in."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from api.contract.words import CLASSES, CLOCKS, spread_words, value_words
from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.leads.lead import Finding

_BOX_BGR = (0, 64, 255)
_WORDS_BGR = (255, 255, 255)
_FONT = "uni"
"""A font that is built into OpenCV 5 and has Chinese: the same letters on every machine."""
_SMALLEST = 8
"""Letters of fewer pixels cannot be read."""


def local_label(time: CaptureTime, zone: ZoneInfo) -> str:
    """Return a capture time for people, in `zone`: ``2026-11-23 10:30:05.120 UTC+8  摄像机 RTCP 时间，±0.05 s``."""
    moment = time.utc.astimezone(zone)
    offset = moment.utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    ahead = f"{'-' if offset < timedelta() else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")
    text = moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return f"{text} UTC{ahead}  {CLOCKS.get(time.source, time.source)}，{spread_words(time.uncertainty_s)}"


def draw_overlay(image: BgrImage, finding: Finding, heading: Sequence[str], zone: ZoneInfo) -> BgrImage:
    """Return a copy of `image` with the finding's box, its values, its time in `zone`, and `heading` on a dark band."""
    picture = np.ascontiguousarray(image).copy()
    height, width = picture.shape[:2]
    scale = max(0.4, height / 1080)
    left, top, right, bottom = (round(value) for value in finding.xyxy)
    cv2.rectangle(picture, (left, top), (right, bottom), _BOX_BGR, max(1, round(2 * scale)) + 1)
    size = max(11, round(26 * scale))
    seen = CLASSES.get(finding.class_name, finding.class_name)
    _write(picture, f"{seen} {finding.confidence:.2f}", (left, max(size, top - 8)), size, _BOX_BGR)
    values = "，".join(" ".join(value_words(name, value)) for name, value in sorted(finding.measures.items()))
    lines = [*heading, local_label(finding.time, zone), *([values] if values else [])]
    step = max(16, round(34 * scale))
    band = picture[max(0, height - step * len(lines) - step // 2) :, :]
    band[:] = (band * 0.35).astype(np.uint8)
    for index, line in enumerate(reversed(lines)):
        _write(picture, line, (max(4, width // 100), height - step // 2 - index * step), size, _WORDS_BGR)
    return picture


def _write(picture: BgrImage, text: str, place: tuple[int, int], size: int, colour: tuple[int, int, int]) -> None:
    """Write a line on the picture: smaller where it would not fit, and cut where that is not enough."""
    font, (height, width) = cv2.FontFace(_FONT), picture.shape[:2]
    room = max(1, width - place[0] - 4)

    def needed(line: str, letters: int) -> int:
        return cv2.getTextSize((width, height), line, (0, 0), font, letters)[2]

    fitting = max(_SMALLEST, min(size, size * room // max(1, needed(text, size))))
    line = text
    while len(line) > 1 and needed(line, fitting) > room:
        line = f"{line.rstrip('…')[:-1]}…"
    cv2.putText(picture, line, place, colour, font, fitting)


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
