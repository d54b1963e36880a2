"""
Lookback: what a camera's rules were given in the last hour, to try draft zones on it (decision 0050).

No picture is kept: of each analysed one only its time and the class, box, confidence and change of each track, packed
into about a hundred bytes, and the readings above the outlets. Rules judge them again with other zones.
"""

import math
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from threading import Lock

from models.detector import ModelCard
from streams.timing.clock import CaptureTime, UtcSource
from vision.config.camera import CameraConfig
from vision.config.rules import ConfirmBy
from vision.config.worker import WorkerConfig
from vision.config.zones import Masks, ZoneKind
from vision.confirm.tracks import Sighting, Track
from vision.leads.lead import CloseReason, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.plume.readings import MOST, Reading
from vision.rules.rule import TrackView, View
from vision.rules.rule_set import RuleSet
from vision.rules.zone.families import masks_of

SPAN_S = 3600.0
"""Seconds that it reaches back."""

MOST_LOOKS = 7_500
"""Pictures kept: an hour of focus at two a second, with a margin. Beyond it the span is shorter."""

MOST_BYTES = 2 * 1024 * 1024
"""Most bytes of a camera: many boxes shorten the span."""

_HOURS_OF_READINGS = 2
_HEAD = struct.Struct("<ddiHH?H")
"""Seconds of the epoch, UTC, epoch, width, height, steady, tracks."""

_TRACK = struct.Struct("<IHff4ff")
"""Number, class, confidence (below 0: missed in this picture), change, box, probability (not a number: unknown)."""

_MISSED = -1.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a lookback holds: time from the first to the newest picture, and number of pictures."""

    seconds: float
    looks: int
    resolution_wh: tuple[int, int]


class Lookback:
    """The last hour of one camera; thread-safe."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._classes = tuple(class_names)
        self._class_ids = {name: number for number, name in enumerate(self._classes)}
        self._looks: deque[bytes] = deque()
        self._bytes = 0
        self._readings: dict[str, deque[Reading]] = {}
        self._source, self._uncertainty_s = UtcSource.ARRIVAL, 0.0
        self._before = self._highest = 0
        self._lock = Lock()

    @property
    def byte_size(self) -> int:
        """Bytes that the pictures' boxes take."""
        return self._bytes

    def note(self, view: View, readings: Sequence[Reading] = ()) -> None:
        """Add what the rules were given of the newest picture, and the readings that it completed."""
        width, height = view.resolution_wh
        time = view.time
        parts = [
            _HEAD.pack(
                float(time.pts_s), time.utc.timestamp(), time.epoch, width, height, view.is_steady, len(view.tracks)
            )
        ]
        for seen in view.tracks:
            sighting = seen.sighting
            box = (0.0, 0.0, 0.0, 0.0) if sighting is None else sighting.xyxy
            confidence = _MISSED if sighting is None else sighting.confidence
            change = min(seen.change, 3e38)
            class_id = self._class_ids[seen.track.class_name]
            number = self._before + seen.track.number
            self._highest = max(self._highest, number)
            probability = math.nan if seen.probability is None else seen.probability
            parts.append(_TRACK.pack(number, class_id, confidence, change, *box, probability))
        with self._lock:
            self._source, self._uncertainty_s = time.source, time.uncertainty_s
            self._looks.append(b"".join(parts))
            self._bytes += len(self._looks[-1])
            while self._is_too_much(time.utc.timestamp()):
                self._bytes -= len(self._looks.popleft())
            for reading in readings:
                self._readings.setdefault(reading.zone, deque(maxlen=_HOURS_OF_READINGS * MOST)).append(reading)

    def rezone(self, before: CameraConfig, after: CameraConfig) -> None:
        """Forget the readings of outlets that were moved or removed; tracks are numbered from 1 again."""
        held = _outlets(before) & _outlets(after)
        self._before = self._highest
        with self._lock:
            self._readings = {
                zone: series for zone, series in self._readings.items() if any(zone == n for n, _ in held)
            }

    def outlook(self) -> Outlook | None:
        """Return what it holds; ``None`` where it is empty."""
        with self._lock:
            if not self._looks:
                return None
            first, newest = _HEAD.unpack_from(self._looks[0]), _HEAD.unpack_from(self._looks[-1])
            return Outlook(round(newest[1] - first[1], 1), len(self._looks), (newest[3], newest[4]))

    def start(self) -> CaptureTime:
        """Return the time of its first picture; raise `IndexError` where it is empty."""
        with self._lock:
            return self._time(_HEAD.unpack_from(self._looks[0]))

    def _time(self, head: tuple[float, float, int, int, int, bool, int]) -> CaptureTime:
        pts_s, utc, epoch, *_ = head
        return CaptureTime(Fraction(pts_s), datetime.fromtimestamp(utc, UTC), self._source, self._uncertainty_s, epoch)

    def judged(
        self, camera: CameraConfig, watched: CameraConfig, config: WorkerConfig, card: ModelCard
    ) -> Iterator[tuple[int, list[Lead]]]:
        """
        Yield, for each picture and once at the end, its number and the leads closed by then, as `camera` would report
        them.

        `watched` is the camera as watched: readings count for the outlets that are the same in `camera`.
        Rules confirm by *k* of *n* here, even with fitted weights, since features are not kept.
        """
        with self._lock:
            looks, readings = list(self._looks), {zone: list(series) for zone, series in self._readings.items()}
        held = {name for name, _ in _outlets(watched) & _outlets(camera)}
        readings = {zone: series for zone, series in readings.items() if zone in held}
        rules = {name: rule.model_copy(update={"confirm": ConfirmBy.K_OF_N}) for name, rule in config.rules.items()}
        rule_set = RuleSet.for_camera(camera, config.model_copy(update={"rules": rules}), card)
        masks = masks_of(camera, config)
        tracks: dict[int, Track] = {}
        closed: dict[LeadKey, Lead] = {}
        epoch: int | None = None
        for number, look in enumerate(looks):
            head = _HEAD.unpack_from(look)
            if head[2] != epoch:
                _take(closed, rule_set.end(CloseReason.STREAM_LOST))
                tracks, epoch = {}, head[2]
            view = _unmasked(self._view(look, tracks), masks)
            _take(closed, rule_set.observe(replace(view, readings=_until(readings, view.time))))
            yield number, []
        _take(closed, rule_set.end(CloseReason.SHUTDOWN))
        yield len(looks), list(closed.values())

    def _is_too_much(self, now: float) -> bool:
        oldest = _HEAD.unpack_from(self._looks[0])[1]
        return now - oldest > SPAN_S or len(self._looks) > MOST_LOOKS or self._bytes > MOST_BYTES

    def _view(self, look: bytes, tracks: dict[int, Track]) -> View:
        """Return a picture's view; `tracks` holds the live ones and is updated."""
        head = _HEAD.unpack_from(look)
        *_, width, height, is_steady, count = head
        time = self._time(head)
        seen: list[TrackView] = []
        for row in range(count):
            number, class_id, confidence, change, *box, probability = _TRACK.unpack_from(
                look, _HEAD.size + row * _TRACK.size
            )
            sighting = None
            if confidence >= 0:
                sighting = Sighting(time, (box[0], box[1], box[2], box[3]), confidence)
            track = tracks.get(number)
            if track is None:
                begun = sighting or Sighting(time, (0.0, 0.0, 0.0, 0.0), 0.0)
                track = tracks[number] = Track(number, self._classes[class_id], begun, deque([begun], maxlen=8))
            elif sighting is not None:
                track.sightings.append(sighting)
            change = change if math.isfinite(change) else 0.0
            known = None if math.isnan(probability) else probability
            seen.append(TrackView(track, sighting, change, probability=known))
        live = {each.track.number for each in seen}
        ended = [number for number in tracks if number not in live]
        for number in ended:
            del tracks[number]
        return View(time, (width, height), is_steady, seen, ended)


def _unmasked(view: View, masks: Masks) -> View:
    """Return a picture without the boxes that lie in masks."""
    tracks = [
        replace(seen, sighting=None)
        if seen.sighting is not None and masks.hide(seen.sighting.xyxy, view.resolution_wh, view.time.utc)
        else seen
        for seen in view.tracks
    ]
    return replace(view, tracks=tracks)


def _outlets(camera: CameraConfig) -> set[tuple[str, tuple[tuple[float, float], ...]]]:
    return {(zone.name, zone.polygon) for zone in camera.zones if zone.kind is ZoneKind.OUTLET}


def _until(readings: dict[str, list[Reading]], now: CaptureTime) -> dict[str, list[Reading]]:
    """Return the readings of the half hour before a time."""
    known = {
        zone: [r for r in series if r.time.epoch == now.epoch and r.time.pts_s <= now.pts_s][-MOST:]
        for zone, series in readings.items()
    }
    return {zone: series for zone, series in known.items() if series}


def _take(closed: dict[LeadKey, Lead], changes: Sequence[LeadChange]) -> None:
    """Collect the leads that ended; remove one that is confirmed again."""
    for change in changes:
        closed.pop(change.lead.key, None)
        if change.lead.state is WorkerLeadState.CLOSED:
            closed[change.lead.key] = change.lead
