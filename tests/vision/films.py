"""A film with a plume, and a detector that finds it, for tests of whole files."""

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
from tests.vision.moments import CARD, boxes, flickering, still_image
from vision.trial import Far, Trial, tried

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
            boxes(("smoke", 0.75, PLUME)) if image[top:bottom, left:right].std() > 40 else Detections.empty()
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


def plume_film(path: Path) -> Path:
    """Write a film of 8 s at 10 fps: a still scene, from 3 s on with a plume; return its path."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for i in range(80):
            image = still_image() if i < 30 else flickering(i / 10, PLUME)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
