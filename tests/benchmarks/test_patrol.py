from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.patrol import encoded, table, watched
from models.detections import Detections
from models.detector import ModelCard, Runtime
from streams.camera import WatchPolicy
from tests.vision.moments import CARD


class DarkBox:
    """A detector that takes a dark square in the middle for smoke."""

    card: ModelCard = CARD
    runtime = Runtime("test", "1", "cpu", "f32")

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return a box where the middle is dark."""
        return [self._of(image) for image in images]

    def _of(self, image: NDArray[np.uint8]) -> Detections:
        if image[90:150, 130:190].mean() > 70:
            return Detections.empty()
        return Detections(
            np.array([[120, 80, 200, 160]], np.float32), np.array([0.8], np.float32), np.array([0], np.int32)
        )


def film(path: Path) -> Path:
    """Return ten seconds at 10 pictures a second; from 3 s on something dark flickers in the middle."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(100):
            image = np.full((240, 320, 3), 120, np.uint8)
            if number >= 30:
                image[80:160, 120:200] = (
                    np.random.default_rng(number).integers(0, 60, (10, 10, 1)).repeat(8, 0).repeat(8, 1)
                )
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_patrol_is_cheap_and_focus_soon_catches_up(tmp_path: Path) -> None:
    """All ways report the smoke; patrol with focus decodes less than focus and reports sooner than patrol alone."""
    clip = encoded(film(tmp_path / "film.mp4"), tmp_path, gop_s=2.0, phase_s=0.5)
    focus, auto, patrol = (
        watched(clip, policy, DarkBox(), smoke_s=3.0, phase_s=0.5, delay_s=0.2)
        for policy in (WatchPolicy.FOCUS, WatchPolicy.AUTO, WatchPolicy.PATROL)
    )
    assert (focus.decoded, patrol.decoded, patrol.analysed) == (95, 5, 5)
    assert focus.lead_s is not None
    assert auto.lead_s is not None
    assert auto.decoded < focus.decoded
    assert focus.lead_s <= auto.lead_s <= focus.lead_s + 2.0
    assert patrol.lead_s is None or patrol.lead_s > auto.lead_s
    assert "| auto | 1 of 1 |" in table([focus, auto, patrol])
