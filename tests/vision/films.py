"""A film with a plume, and a detector that finds it, for tests of whole files."""

import math
import time
from collections.abc import Sequence
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import ModelCard, Runtime
from tests.vision.moments import CARD, boxes, flickering, grainy, still_image
from vision.jobs.dry_run_process import Far, Trial, tried

_SHORT_S = 10.0
"""A film so short freezes nothing."""

PLUME = (100, 60, 160, 120)


class BrightBoxDetector:
    """Finds smoke where pixels of the plume's place are brighter than anywhere else in the test pictures."""

    @property
    def card(self) -> ModelCard:
        """The test card."""
        return CARD

    @property
    def runtime(self) -> Runtime:
        """No engine."""
        return Runtime("none", "0", "none", "none")

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return one box for each picture whose plume is there."""
        left, top, right, bottom = PLUME
        return [
            boxes(("smoke", 0.75, PLUME)) if image[top:bottom, left:right].std() > 30 else Detections.empty()
            for image in images
        ]


def try_brightly(trial: Trial, connection: Connection) -> None:
    """Be the process of a dry run, with this detector instead of a network."""
    for message in tried(trial, BrightBoxDetector()):
        connection.send(message)


def hang(trial: Trial, connection: Connection) -> None:
    """Be the process of a dry run that says how far it is and then nothing more."""
    connection.send(Far(trial.max_s / 2, (320, 180)))
    time.sleep(60)


def plume_film(
    path: Path,
    *,
    seconds: float = 8.0,
    plumes: Sequence[tuple[float, float]] = ((3.0, 8.0),),
    frozen_from_s: float = math.inf,
) -> Path:
    """Write a film at 10 fps: a still scene, with a plume from when to when, frozen from some time; return its path."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for i in range(round(seconds * 10)):
            time_s = min(i / 10, frozen_from_s)
            is_smoking = any(start <= time_s < end for start, end in plumes)
            image = flickering(time_s, PLUME) if is_smoking else _scene(time_s, seconds)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _scene(time_s: float, seconds: float) -> NDArray[np.uint8]:
    """Return the still scene; in a long film with a sensor's grain, for a camera that shows none is frozen."""
    return still_image() if seconds <= _SHORT_S else grainy(still_image(), time_s)
