"""Small pictures for people: snapshots and thumbnails. Never evidence."""

import cv2

from streams.frame import BgrImage

_QUALITY = 82


def small_jpeg(image: BgrImage, long_side_px: int) -> bytes:
    """Return the picture as a JPEG whose longer side is at most `long_side_px`."""
    height, width = image.shape[:2]
    scale = min(1.0, long_side_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else image
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(encoded)
