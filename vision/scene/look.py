"""
Look: converts boxes between the stream's own picture, in whose pixels everything is reported, and the scaled look at
it, in which a detector finds boxes and pixels are compared (decision 0012).
"""

from dataclasses import replace

import numpy as np

from models.detections import Detections, Xyxy
from models.detector import ModelCard
from streams.camera import Camera
from streams.frame import Frame

LEAST_PX = 640
"""Least longer side of a look, even if a model takes less: the wall's snapshots are made from it."""


def looking(camera: Camera, card: ModelCard) -> Camera:
    """Return the camera with its pictures scaled down to what the model of `card` takes."""
    return replace(camera, settings=replace(camera.settings, look_px=max(LEAST_PX, *card.input_wh)))


def in_source(frame: Frame, detections: Detections) -> Detections:
    """Return detections in pixels of ``frame.image`` in those of the stream's own picture."""
    if frame.source_wh == frame.image_wh:
        return detections
    scale = np.array(frame.scale_xy * 2, np.float32)
    return replace(detections, xyxy=detections.xyxy * scale)


def in_look(frame: Frame, xyxy: Xyxy) -> Xyxy:
    """Return a box of the stream's own picture in the pixels of ``frame.image``."""
    x, y = frame.scale_xy
    left, top, right, bottom = xyxy
    return left / x, top / y, right / x, bottom / y
