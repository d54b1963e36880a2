"""Covering: the copy of one clip, made in a process of its own at the lowest priority."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from api.contract.evidence.redaction import ClipMask, ClipRegion, RedactionFault, RedactionOrder
from streams.decoding.cover import Cover, Limits, clip_size, write_covered
from streams.errors import StreamError

log = structlog.get_logger(__name__)

NICENESS = 19
_EVERY_S = 0.5
"""Seconds of the clip between two accounts of how far it is."""


@dataclass(frozen=True, slots=True)
class Written:
    """The copy is on disk."""

    pictures: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no copy."""

    fault: RedactionFault
    detail: str


Message = float | Written | Refused
"""What the process says: the media time it has come to, at last one of the others."""


def cover(order: RedactionOrder, source: Path, target: Path, connection: Connection) -> None:
    """Write the copy that was ordered and send each `Message`; the body of the process."""
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    told = 0.0

    def tell(media_s: float) -> None:
        nonlocal told
        if media_s >= told + _EVERY_S:
            told = media_s
            connection.send(media_s)

    try:
        made = write_covered(
            source,
            target,
            [_cover(region) for region in order.regions],
            Limits(order.max_s, order.max_bytes),
            always=drawn(order.masks, clip_size(source)) if order.masks else None,
            progress=tell,
        )
        connection.send(Written(made.pictures, made.duration_s))
    except StreamError as error:
        connection.send(Refused(RedactionFault.REFUSED, str(error)))
    except BrokenPipeError:
        pass  # whoever asked is gone
    except Exception as error:
        log.exception("clip cannot be covered", lead=order.lead_id)
        disk = isinstance(error, OSError)
        connection.send(Refused(RedactionFault.BROKEN, "the worker's disk does not take the copy" if disk else ""))


def drawn(masks: Sequence[ClipMask], size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels lie in a polygon or on its edge, one value a pixel, ``(height, width)``."""
    width, height = size_wh
    canvas = np.zeros((height, width), np.uint8)
    for mask in masks:
        corners = np.round(np.asarray(mask.polygon, np.float64) * (width - 1, height - 1)).astype(np.int32)
        cv2.fillPoly(canvas, [corners.reshape(-1, 1, 2)], 1)
    return canvas.astype(np.bool_)


def _cover(region: ClipRegion) -> Cover:
    return Cover(region.box, region.from_s, region.to_s, region.to_box)
