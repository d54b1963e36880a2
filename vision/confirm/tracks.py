"""
Tracks: boxes of one class followed over time, in seconds, within one epoch.

Smoke has no outline: its boxes grow, split and merge, and at 1-5 pictures a second a flame's boxes may not overlap at
all. Boxes are therefore joined by overlap, by containment *or* by nearness, and a box that lies mostly in a joined one
is a part of it and starts no track.
"""

from collections import deque
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections, Xyxy
from streams.timing.clock import CaptureTime
from vision.leads.lead import WorkerLeadState

_STEPS = 3
"""Steps between pictures whose median is the usual one."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    One box of a track.

    Attributes:
        time: of the picture.

        xyxy: left, top, right, bottom in source-image pixels.

        confidence: the detector's, in [0, 1].
    """

    time: CaptureTime
    xyxy: Xyxy
    confidence: float


@dataclass(slots=True, eq=False)
class Track:
    """
    Boxes over time that belong together; only the tracker adds to it.

    Attributes:
        number: counts up from 1 within the epoch.

        class_name: the detector's class.

        first: the box that started it.

        sightings: the newest boxes, oldest first, at most `TrackerSettings.history`.

        count: all boxes, forgotten ones too.
    """

    number: int
    class_name: str
    first: Sighting
    sightings: deque[Sighting] = field(repr=False)
    count: int = 1

    @property
    def last(self) -> Sighting:
        """The newest box."""
        return self.sightings[-1]

    def seen_at(self, time: CaptureTime) -> Sighting | None:
        """Return the box of the picture taken at `time`, or ``None`` where the track was missed in it."""
        return self.last if self.last.time == time else None


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """
    How boxes are joined. Values measured on the real clips of ``benchmarks/confirm``.

    Attributes:
        start_confidence: least confidence of a box that starts a track. Lower: every shadow is followed; above a rule's
            threshold: that rule never sees its first boxes.

        max_gap_s: a track not seen for so long ends. Shorter: a plume hidden by a passing bus is a new track. Longer:
            two things that come to the same place one after the other are one track.

        max_missed: ... but where pictures are far apart, on a patrol of distant key frames, only once it is missed in
            more than so many of them. 0: what is seen every 6 s is a new track each time.

        min_iou: overlap (intersection over union) at which two boxes are the same thing.

        min_containment: ... or the share of the smaller box inside the larger.

        max_distance: ... or the distance of the centres in mean box sizes. 0: off; above 1 neighbours are joined.

        memory_s: age up to which boxes count as the track's place, besides its last one. 0: when a large box of smoke
            splits for a moment, its parts become tracks. Long: what starts next to it joins it.

        history: sightings kept a track.

        max_tracks: most live tracks; further boxes are counted and start none. A detector that fires at rain gives
            hundreds.
    """

    start_confidence: float = 0.25
    max_gap_s: float = 5.0
    max_missed: int = 1
    min_iou: float = 0.1
    min_containment: float = 0.6
    max_distance: float = 0.75
    memory_s: float = 3.0
    history: int = 256
    max_tracks: int = 64


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """The tracks after one picture: those that live, and those that ended; both by number."""

    live: tuple[Track, ...]
    ended: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """
    A box of the newest picture, for drawing over it.

    Attributes:
        class_name: the detector's class.

        xyxy: left, top, right, bottom in source-image pixels.

        confidence: the detector's, in [0, 1].

        track: its track's number.

        state: of the furthest lead on that track; ``None`` where there is none.
    """

    class_name: str
    xyxy: Xyxy
    confidence: float
    track: int
    state: WorkerLeadState | None


class Tracker:
    """Joins the boxes of successive pictures of one camera and one epoch into tracks; same input, same tracks."""

    def __init__(self, class_names: tuple[str, ...], settings: TrackerSettings | None = None) -> None:
        self._class_names = class_names
        self._settings = settings or TrackerSettings()
        self._tracks: list[Track] = []
        self._started = 0
        self._refused = 0
        self._last: CaptureTime | None = None
        self._steps_s: deque[float] = deque(maxlen=_STEPS)

    @property
    def refused(self) -> int:
        """Boxes that started no track because of `max_tracks`."""
        return self._refused

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The live tracks, by number."""
        return tuple(self._tracks)

    def end(self, number: int) -> None:
        """End one track; its next box starts another. A number that is not live is ignored."""
        self._tracks = [track for track in self._tracks if track.number != number]

    def end_all(self) -> None:
        """End every track; numbers keep counting up."""
        self._tracks = []

    def observe(self, time: CaptureTime, detections: Detections, held: AbstractSet[int] = frozenset()) -> TrackUpdate:
        """
        Add the boxes of the picture at `time`; tracks whose number is in `held` do not end by absence.

        Raises `ValueError` if `time` is of another epoch than a live track's.
        """
        gap_s = self._longest_gap_s(time)
        ended = [
            track for track in self._tracks if track.number not in held and time.seconds_since(track.last.time) > gap_s
        ]
        self._tracks = [track for track in self._tracks if track not in ended]
        for class_id, class_name in enumerate(self._class_names):
            self._join(time, class_name, detections.where(detections.class_id == class_id))
        return TrackUpdate(self.tracks, tuple(ended))

    def _longest_gap_s(self, time: CaptureTime) -> float:
        """Return how long a track may be missed: `max_gap_s`, or longer where pictures usually are far apart."""
        if self._last is not None and self._last.epoch == time.epoch:
            self._steps_s.append(time.seconds_since(self._last))
        self._last = time
        if len(self._steps_s) < _STEPS:
            return self._settings.max_gap_s
        # Half a step more, since key frames do not come at exact intervals.
        return max(self._settings.max_gap_s, (self._settings.max_missed + 1.5) * median(self._steps_s))

    def _join(self, time: CaptureTime, class_name: str, boxes: Detections) -> None:
        """Extend or start tracks of one class; boxes of high confidence choose first."""
        if not len(boxes):
            return
        tracks = [track for track in self._tracks if track.class_name == class_name]
        recent = [self._recent(track, time) for track in tracks]
        current = boxes.xyxy.astype(np.float64)
        affinity = np.zeros((len(tracks), len(boxes)))
        for t, past in enumerate(recent):
            affinity[t] = self._affinity(past, current).max(axis=0)
        sure = boxes.confidence >= self._settings.start_confidence
        taken: list[int] = []
        free = set(range(len(tracks)))
        pairs = [(int(t), int(b)) for t, b in np.argwhere(affinity > 0)]
        for t, b in sorted(pairs, key=lambda pair: (not sure[pair[1]], -affinity[pair], pair)):
            if t in free and b not in taken:
                free.remove(t)
                taken.append(b)
                self._extend(tracks[t], _sighting(time, boxes, b))
        around = np.concatenate([*recent, np.zeros((0, 4))])
        for b in range(len(boxes)):
            if sure[b] and b not in taken and not self._is_part(current[b], np.concatenate([around, current[taken]])):
                taken.append(b)
                self._start(class_name, _sighting(time, boxes, b))

    def _recent(self, track: Track, time: CaptureTime) -> NDArray[np.float64]:
        """Return where the track is, ``(n, 4)``: its last box and those of the last `memory_s`."""
        boxes = [track.last.xyxy]
        for sighting in reversed(track.sightings):
            if time.seconds_since(sighting.time) > self._settings.memory_s:
                break
            boxes.append(sighting.xyxy)
        return np.array(boxes, np.float64)

    def _affinity(self, past: NDArray[np.float64], current: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how well each past box ``(m, 4)`` fits each current one ``(n, 4)``: ``(m, n)``, 0 for not at all."""
        limits = self._settings
        iou, containment = _overlaps(past, current)
        size = (np.sqrt(_areas(past))[:, None] + np.sqrt(_areas(current))[None, :]) / 2
        centres = (past[:, None, :2] + past[:, None, 2:] - current[None, :, :2] - current[None, :, 2:]) / 2
        reach = np.maximum(limits.max_distance * size, 1e-9)
        nearness = np.clip(1 - np.hypot(centres[..., 0], centres[..., 1]) / reach, 0, None)
        fits = (iou >= limits.min_iou) | (containment >= limits.min_containment) | (nearness > 0)
        return np.where(fits, iou + 0.5 * containment + 0.5 * nearness + 1e-6, 0.0)

    def _is_part(self, box: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
        """Whether `box` overlaps one of `others` ``(n, 4)`` so much that it is a part of the same thing."""
        iou, containment = _overlaps(box[None], others)
        return bool(((iou >= 0.5) | (containment >= self._settings.min_containment)).any())

    def _extend(self, track: Track, sighting: Sighting) -> None:
        track.sightings.append(sighting)
        track.count += 1

    def _start(self, class_name: str, sighting: Sighting) -> None:
        if len(self._tracks) >= self._settings.max_tracks:
            self._refused += 1
            return
        self._started += 1
        history = deque([sighting], maxlen=self._settings.history)
        self._tracks.append(Track(self._started, class_name, sighting, history))


def xyxy_of(boxes: Detections, row: int) -> Xyxy:
    """Return one row's box as plain numbers."""
    left, top, right, bottom = (float(edge) for edge in boxes.xyxy[row])
    return left, top, right, bottom


def _sighting(time: CaptureTime, boxes: Detections, row: int) -> Sighting:
    return Sighting(time, xyxy_of(boxes, row), float(boxes.confidence[row]))


def _areas(xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the areas of boxes ``(n, 4)`` in square pixels."""
    sides: NDArray[np.float64] = (xyxy[:, 2:] - xyxy[:, :2]).clip(0).prod(axis=1)
    return sides


def _overlaps(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return IoU, and intersection over the smaller area, of every pair of boxes ``(n, 4)`` and ``(m, 4)``."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = (bottom_right - top_left).clip(0).prod(axis=2)
    area_a, area_b = _areas(a)[:, None], _areas(b)[None, :]
    union = np.maximum(area_a + area_b - overlap, 1e-9)
    smaller = np.maximum(np.minimum(area_a, area_b), 1e-9)
    return overlap / union, overlap / smaller
