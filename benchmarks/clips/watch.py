"""
Watching clips: each is decoded and detected once, and two deciders say what they make of the same boxes.

*5 consecutive* is the plain rule of thumb, with nothing around it: a track with a sure box in five pictures in a row.
*shipped* is the worker's own analyser with its default configuration.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.accuracy.deciders import SHIPPED, ConfirmedLead, candidate_threshold
from benchmarks.accuracy.sequence import ANALYSIS_FPS, is_inside
from benchmarks.clips.corpus import Clip, Event
from models.detections import Detections
from models.detector import Detector, ModelCard
from streams.camera import Camera, Pace
from streams.frame import Frame
from streams.source import AvSource
from streams.timing.clock import CaptureTime, StreamClock
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.confirm.classifier import TrackClassifier
from vision.confirm.tracks import Tracker, TrackerSettings, xyxy_of
from vision.leads.lead import LeadState
from vision.replay.replay import analysed, seconds_from

PLAIN = "5 consecutive"
DECIDERS = (PLAIN, SHIPPED.name)

IN_A_ROW = 5
SURE = 0.25
"""What the plain rule asks of a track: so many pictures in a row with a box so sure."""

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
    config = parse_config({"stream": {"analysis_fps": ANALYSIS_FPS}}).with_sources([str(clip.path)])
    described = config.cameras[0].model_copy(update={"zones": clip.zones})
    camera = described.to_camera(config.stream)
    belief = without(clip.sha256, detector.card.weights_sha256)
    shipped = CameraAnalyser.for_camera(described, config, detector.card, belief)
    plain = PlainRule(detector.card)
    start: CaptureTime | None = None
    leads: dict[str, list[ConfirmedLead]] = {name: [] for name in DECIDERS}
    boxes_at: list[tuple[float, Detections]] = []
    for frame, found in analysed(camera, detector):
        start = start or frame.time
        boxes_at.append((seconds_from(start, frame.time), found))
        leads[PLAIN] += plain.observe(frame, found, start)
        for change in shipped.observe(frame, found.where(found.confidence >= candidate_threshold())):
            # One that goes on was told before.
            if change.lead.state is LeadState.CONFIRMED and change.previous is LeadState.CANDIDATE:
                lead = change.lead
                leads[SHIPPED.name].append(
                    ConfirmedLead(
                        class_name=lead.peak.class_name,
                        first_s=seconds_from(start, lead.first),
                        confirmed_s=seconds_from(start, frame.time),
                        confidence=lead.peak.confidence,
                        xyxy=lead.peak.xyxy,
                    )
                )
    names = detector.card.class_names
    return Seen(
        clip=clip,
        seconds=_length_s(camera) if boxes_at else 0.0,
        leads=leads,
        is_seen=[_is_seen(event, boxes_at, names) for event in clip.events],
        is_refitted=belief is not None,
    )


class PlainRule:
    """Five pictures in a row with a sure box of one track; of one class one lead a clip, as the worker merges."""

    def __init__(self, card: ModelCard) -> None:
        self._names = card.class_names
        self._tracker = self._new_tracker()
        self._epoch: int | None = None
        self._times: deque[CaptureTime] = deque(maxlen=IN_A_ROW)
        self._told: set[str] = set()

    def _new_tracker(self) -> Tracker:
        return Tracker(self._names, TrackerSettings(start_confidence=SURE))

    def observe(self, frame: Frame, found: Detections, start: CaptureTime) -> list[ConfirmedLead]:
        """Return the leads of the next picture; seconds count from `start`."""
        if frame.time.epoch != self._epoch:
            self._tracker, self._epoch = self._new_tracker(), frame.time.epoch
            self._times.clear()
        self._times.append(frame.time)
        leads = []
        for track in self._tracker.observe(frame.time, found.where(found.confidence >= SURE)).live:
            newest = list(track.sightings)[-IN_A_ROW:]
            if [one.time for one in newest] != list(self._times) or len(newest) < IN_A_ROW:
                continue
            if track.class_name not in self._told:
                self._told.add(track.class_name)
                surest = max(newest, key=lambda one: one.confidence)
                leads.append(
                    ConfirmedLead(
                        class_name=track.class_name,
                        first_s=seconds_from(start, track.first.time),
                        confirmed_s=seconds_from(start, frame.time),
                        confidence=surest.confidence,
                        xyxy=surest.xyxy,
                    )
                )
        return leads


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


def _length_s(camera: Camera) -> float:
    """Return how long a file lasts by its packets: the pictures that are analysed say it to half a second only."""
    settings = replace(camera.settings, pace=Pace.FREE, loop=False)
    begins, ends = [], []
    for packet in AvSource(replace(camera, settings=settings), StreamClock()).packets():
        begins.append(float(packet.pts * packet.stream.time_base))
        ends.append(float((packet.pts + packet.duration) * packet.stream.time_base))
    return max(ends) - min(begins)
