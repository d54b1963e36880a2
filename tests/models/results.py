"""Results of ``plumewatch bench accuracy`` as the promotion gate reads them."""

import hashlib
import json
from pathlib import Path
from typing import Any


def sha256(content: bytes) -> str:
    """Return the hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


def figure(value: float, low: float | None = None, high: float | None = None) -> dict[str, float]:
    """Return a figure with its interval."""
    return {
        "value": value,
        "low": value - 0.05 if low is None else low,
        "high": value + 0.05 if high is None else high,
    }


def result(
    path: Path,
    content: bytes,
    *,
    group: float = 0.6,
    fog: float = 0.1,
    noticed: float = 0.9,
    data: str = "d" * 64,
    limit: int | None = None,
    settings: dict[str, float] | None = None,
    **extra: Any,
) -> Path:
    """Write a result with one group and one look-alike kind, and return its path."""
    images = {
        "settings": {"limit": limit},
        "map50": figure(0.6),
        "image_recall": figure(0.9) | {"count": 200},
        "false_alarms": figure(0.05, 0.0, 0.1),
        "groups": {"yard": {"map50": figure(group), "image_recall": figure(noticed) | {"count": 20}}},
        "look_alikes": {"fog": figure(fog)},
        "data": {"sha256": data},
    }
    model = {"name": path.stem, "version": "0.1.0", "weights_sha256": sha256(content)}
    model |= {"threshold": 0.2, "long_side_px": 416, "nms_iou": 0.45} | (settings or {})
    whole = {"format": "plumewatch.accuracy/1", "model": model, "images": images} | extra
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path
