"""
Between the two pictures of one moment: the stream's own, in whose pixels everything is told, and the look at it, scaled
down, in which a detector finds boxes and pixels are compared (decision 0012).
"""

import numpy as np

from models.detections import Detections
from streams.frame import Frame
from vision.leads import Xyxy


def in_source(frame: Frame, detections: Detections) -> Detections:
    """Return what was found in the pixels of ``frame.image`` in those of the stream's own picture."""
    if frame.source_wh == frame.image_wh:
        return detections
    scale = np.array(frame.scale_xy * 2, np.float32)
    return Detections(detections.xyxy * scale, detections.confidence, detections.class_id)


def in_look(frame: Frame, xyxy: Xyxy) -> Xyxy:
    """Return a box of the stream's own picture in the pixels of ``frame.image``."""
    x, y = frame.scale_xy
    left, top, right, bottom = xyxy
    return left / x, top / y, right / x, bottom / y
