"""Measures: how much the place of each track changes, and the track's features."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detections import Xyxy
from streams.frame import Frame
from vision.confirm.features import TrackFeatures
from vision.confirm.tracks import Sighting
from vision.scene.background import Condition
from vision.scene.change import BoxChange


@dataclass(frozen=True, slots=True)
class _Measured:
    change: BoxChange
    features: TrackFeatures


class TrackMeasures:
    """The measures of one camera's tracks, by track number. Not thread-safe."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Measured] = {}

    def begin_anew(self, frame: Frame) -> None:
        """Compare all boxes' places with this picture from now on: the camera moved or its exposure jumped."""
        for one in self._tracks.values():
            one.change.begin_anew(frame.image, frame.time)

    def observe(
        self, number: int, frame: Frame, box: Xyxy, sighting: Sighting | None, condition: Condition
    ) -> tuple[float, NDArray[np.float64]]:
        """
        Add the next picture of a track, with its newest box in pixels of the look.

        Returns how much the place of its first box has changed (`BoxChange.ratio`) and its features (`FEATURES`).
        """
        one = self._tracks.get(number)
        if one is None:
            one = self._tracks[number] = _Measured(BoxChange(frame.image, box, frame.time), TrackFeatures())
        elif sighting is not None:
            is_restless, is_shaken = condition is Condition.RAIN, condition is Condition.SHAKE
            one.change.observe(frame.image, frame.time, is_restless=is_restless, is_shaken=is_shaken)
        if sighting is None:
            one.features.miss()
        else:
            one.features.observe(frame.image, frame.time, box, sighting.confidence)
        return one.change.ratio, one.features.values()

    def forget(self, number: int) -> None:
        """Forget a track that ended."""
        self._tracks.pop(number, None)

    def clear(self) -> None:
        """Forget all tracks."""
        self._tracks.clear()
