"""
Watching clips: each is decoded and detected once, and two deciders say what they make of the same boxes.

*5 consecutive* is the plain rule of thumb, with nothing around it: a track with a sure box in five pictures in a row.
*shipped* is the worker's own analyser with its default configuration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.accuracy.deciders import (
    FIVE_IN_A_ROW,
    PLAIN,
    SHIPPED,
    ConfirmedLead,
    Trial,
    candidate_threshold,
    confirmed_leads,
    shipped_threshold,
    trial,
)
from benchmarks.accuracy.sequence import ANALYSIS_FPS, is_inside
from benchmarks.clips.corpus import Clip, Event
from models.detections import Detections
from models.detector import Detector
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.source import AvSource
from streams.timing.clock import StreamClock
from vision.confirm.classifier import TrackClassifier
from vision.confirm.tracks import xyxy_of

DECIDERS = (FIVE_IN_A_ROW.name, SHIPPED.name)

SEEN_BOXES, SEEN_S, SEEN_CONFIDENCE = 5, 8.0, 0.2
"""The detector sees an event where, within so many seconds of it, so many pictures hold a box so sure."""

BeliefWithout = Callable[[str, str], TrackClassifier | None]
"""
Called with a clip's SHA-256 and that of the detector's weights: the belief that was fitted without the clip's source,
``None`` where the shipped one was not fitted on it.
"""


def belief_without(sha256: str, weights_sha256: str) -> TrackClassifier | None:
    """Return what `BeliefWithout` says, from what the fit has kept."""
    from benchmarks.confirm.folds import belief_without as kept  # noqa: PLC0415

    return kept(sha256, weights_sha256)


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What became of a clip.

    Attributes:
        seconds: from its first picture to the end of its last.

        leads: by decider, those that are new, in order.

        is_seen: for each event whether the detector saw it at all: `SEEN_BOXES`.

        is_refitted: judged by a belief that was fitted without its source.
    """

    clip: Clip
    seconds: float
    leads: Mapping[str, Sequence[ConfirmedLead]]
    is_seen: Sequence[bool]
    is_refitted: bool


def detector_floor() -> float:
    """Return the lowest confidence that anything here looks at."""
    return min(candidate_threshold(), SEEN_CONFIDENCE)


def watch(clip: Clip, detector: Detector, without: BeliefWithout = belief_without) -> Seen:
    """Return what both deciders make of a clip; raises as `vision.replay.replay.analysed` does."""
    belief = without(clip.sha256, detector.card.weights_sha256)
    trials = {
        FIVE_IN_A_ROW.name: Trial(FIVE_IN_A_ROW, PLAIN.threshold, PLAIN.threshold),
        SHIPPED.name: trial(SHIPPED, shipped_threshold()),
    }
    leads, watched = confirmed_leads(clip.path, detector, ANALYSIS_FPS, trials, clip.zones, belief)
    names = detector.card.class_names
    return Seen(
        clip=clip,
        seconds=_length_s(clip) if watched.pictures else 0.0,
        leads=leads,
        is_seen=[_is_seen(event, watched.boxes, names) for event in clip.events],
        is_refitted=belief is not None,
    )


def _is_seen(event: Event, boxes_at: Sequence[tuple[float, Detections]], names: Sequence[str]) -> bool:
    """Return whether the detector sees the event for long enough that a confirmation could tell of it."""
    times = [
        at
        for at, boxes in boxes_at
        if event.start_s <= at <= event.end_s
        and any(
            boxes.confidence[row] >= SEEN_CONFIDENCE
            and names[boxes.class_id[row]] in event.classes
            and is_inside(xyxy_of(boxes, row), event)
            for row in range(len(boxes))
        )
    ]
    return any(last - first <= SEEN_S for first, last in zip(times, times[SEEN_BOXES - 1 :], strict=False))


def _length_s(clip: Clip) -> float:
    """Return how long a file lasts by its packets: the pictures that are analysed say it to half a second only."""
    camera = Camera(camera_id("film"), "film", SourceUrl(str(clip.path)), StreamSettings(pace=Pace.FREE))
    begins, ends = [], []
    for packet in AvSource(camera, StreamClock()).packets():
        begins.append(float(packet.pts * packet.stream.time_base))
        ends.append(float((packet.pts + packet.duration) * packet.stream.time_base))
    return max(ends) - min(begins)
