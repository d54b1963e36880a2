"""The analyser: one camera's state, one call a picture: boxes in, changed leads out."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from models.detections import Detections, Xyxy
from models.detector import ModelCard
from streams.frame import Frame
from streams.timing.clock import CaptureTime
from streams.watch import WatchReason
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.config.zones import Masks
from vision.confirm.classifier import TrackClassifier
from vision.confirm.measures import TrackMeasures
from vision.confirm.tracks import Track, TrackedBox, Tracker, TrackerSettings, xyxy_of
from vision.leads.budget import Range
from vision.leads.climb import Climb
from vision.leads.lead import CloseReason, Lead, LeadChange, LeadKey
from vision.leads.merging import Merger
from vision.leads.recent_leads import RecentLead
from vision.plume.outlets import Glance, outlet_watches
from vision.plume.readings import Reading
from vision.rules.rule import TrackView, View
from vision.rules.rule_set import RuleFailedError, RuleSet
from vision.rules.smoke import CLASS_NAME as SMOKE
from vision.rules.zone.families import masks_of
from vision.scene.background import Condition
from vision.scene.fog import FogWatch
from vision.scene.health import PictureFault, PictureHealth
from vision.scene.look import in_look
from vision.scene.scenery import Scenery


class CameraAnalyser:
    """
    Follows what one camera sees and reports what rules make of it.

    A function of the pictures and boxes it is given, in their order, and of what it is told to recall before them: same
    input, same leads. A new epoch, or another picture size, ends every open lead as `CloseReason.STREAM_LOST` before it
    begins. Not thread-safe: one caller.
    """

    def __init__(
        self,
        camera: CameraConfig,
        rule_set: RuleSet,
        class_names: tuple[str, ...],
        tracker: TrackerSettings | None = None,
        masks: Masks | None = None,
        classifier: TrackClassifier | None = None,
    ) -> None:
        self._rule_set = rule_set
        self._masks = masks or Masks(())
        self._shown: View | None = None
        self._class_names = class_names
        self._settings = tracker or TrackerSettings()
        self._tracker = Tracker(class_names, self._settings)
        self._classifier = classifier
        self._scene = Scenery()
        self._outlets = outlet_watches(camera)
        self._new_readings: list[Reading] = []
        self._measures = TrackMeasures()
        self._time: CaptureTime | None = None
        self._resolution_wh = (0, 0)
        self._ended: list[int] = []
        self._out_of_order = 0

    @classmethod
    def for_camera(
        cls, camera: CameraConfig, config: WorkerConfig, card: ModelCard, classifier: TrackClassifier | None = None
    ) -> Self:
        """
        Return the analyser of one camera with the rules that `config` gives it.

        `classifier` is what was fitted for the model of `card`, if not what `vision.confirm.classifier` ships for it.

        Raises `ValueError` where a rule wants a class that the model of `card` does not know.
        """
        classifier = classifier or TrackClassifier.of(card.weights_sha256)
        rule_set = RuleSet.for_camera(camera, config, card, classifier)
        settings = TrackerSettings(start_confidence=rule_set.start_confidence)
        masks = masks_of(camera, config)
        return cls(camera, rule_set, card.class_names, settings, masks, classifier)

    @property
    def out_of_order(self) -> int:
        """Pictures refused because they were not later than the one before."""
        return self._out_of_order

    @property
    def new_readings(self) -> Sequence[Reading]:
        """The readings above outlets that the newest picture completed."""
        return self._new_readings

    @property
    def picture_fault(self) -> PictureFault | None:
        """What is wrong with what the camera shows; while it lasts, if it blinds the camera, nothing is confirmed."""
        return self._scene.health.fault

    @property
    def health(self) -> PictureHealth:
        """What is wrong with what the camera shows, since when, and whether it came at once."""
        return self._scene.health

    @property
    def fog(self) -> FogWatch:
        """Whether fog lies over the picture."""
        return self._scene.fog

    @property
    def merger(self) -> Merger:
        """What became of the leads that rules confirmed: merged, held back, too many."""
        return self._rule_set.merger

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The confirmed leads under way as they stand with the newest picture. Thread-safe."""
        return self._rule_set.open_leads

    def lead(self, key: LeadKey) -> Lead | None:
        """Return a lead under way as it stands with the newest picture; ``None`` for one that is not. Thread-safe."""
        return self._rule_set.lead(key)

    @property
    def condition(self) -> Condition:
        """What the camera, or the weather before it, did to the newest picture as a whole."""
        return self._scene.condition

    @property
    def told(self) -> Sequence[RecentLead]:
        """The leads that were told and that others may still be merged into."""
        return self.merger.told

    def recall(self, told: Sequence[RecentLead]) -> None:
        """Go on from what was told of this camera before."""
        self.merger.recall(told)

    @property
    def budget_range(self) -> Range | None:
        """What a budget may set; ``None`` where it may set nothing."""
        return self._rule_set.budget_range

    def adopt(self, value: float) -> None:
        """Open leads at this value from the next track on, in the rules where a budget may set it."""
        self._rule_set.adopt(value)

    def take_climbs(self) -> list[Climb]:
        """Return what the tracks that ended since the last call had reached (`vision.leads.climb`)."""
        return self._rule_set.take_climbs()

    @property
    def sign(self) -> WatchReason | None:
        """Why the newest picture asks for a closer look; ``None`` where it does not."""
        if self._rule_set.is_undecided:
            return WatchReason.SIGN
        if self._rule_set.held:
            return WatchReason.LEAD
        return WatchReason.CHANGE if self._scene.is_novel else None

    def observe(self, frame: Frame, detections: Detections) -> list[LeadChange]:
        """
        Take in the next picture and its boxes, in pixels of the source; return the leads that changed.

        Raises `RuleFailedError`, which holds the leads that changed all the same.
        """
        changes: list[LeadChange] = []
        resolution_wh = frame.source_wh
        if self._time is None or frame.time.epoch != self._time.epoch:
            changes = self.end(CloseReason.STREAM_LOST)
            self._tracker = Tracker(self._class_names, self._settings)
        elif frame.time.seconds_since(self._time) <= 0:
            self._out_of_order += 1
            return []
        elif resolution_wh != self._resolution_wh:
            changes = self.end(CloseReason.STREAM_LOST)
        self._time, self._resolution_wh = frame.time, resolution_wh
        health = self._scene.health
        was_sighted, views = health.is_sighted, health.views
        is_steady = self._scene.observe(frame)
        is_elsewhere = health.views != views
        if is_elsewhere:
            self._end_tracks()
        view = self._view(frame, detections, is_steady=is_steady)
        self._rule_set.look_at(frame.time, view.readings)
        changes += self._rule_set.observe_health(health, frame.time, resolution_wh)
        self._shown = None
        if is_blinded := was_sighted and not health.is_sighted:
            self._forget()
        if is_blinded or is_elsewhere:
            changes += self._rule_set.end_rules(CloseReason.UNSIGHTED)
        if not health.is_sighted:
            return changes
        self._shown = view
        try:
            changes += self._rule_set.observe(view)
        except RuleFailedError as error:
            raise RuleFailedError(error.rules, [*changes, *error.changes]) from error.__cause__
        finally:
            self._end_dropped()
        return changes

    @property
    def shown(self) -> View | None:
        """The newest picture as rules saw it; ``None`` where they were shown nothing of it."""
        return self._shown

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """End every lead under way and every track; the next picture begins anew."""
        self._forget()
        for outlet in self._outlets:
            outlet.forget()
        return self._rule_set.end(reason)

    def _forget(self) -> None:
        """Let the next picture begin anew, but for what is known above outlets."""
        self._end_tracks()
        self._scene.forget()

    def _end_tracks(self) -> None:
        """End every track, and what is known of the places of boxes."""
        self._tracker.end_all()
        self._measures.clear()
        self._ended.clear()

    def overlay(self) -> list[TrackedBox]:
        """Return the tracks that the newest picture shows, by number."""
        states = self._rule_set.states
        return [
            TrackedBox(
                class_name=track.class_name,
                xyxy=track.last.xyxy,
                confidence=track.last.confidence,
                track=track.number,
                state=states.get(track.number),
            )
            for track in self._tracker.tracks
            if self._time is not None and track.seen_at(self._time)
        ]

    def _view(self, frame: Frame, detections: Detections, *, is_steady: bool) -> View:
        """Return the picture as rules see it: its tracks, how much each has changed, and whether it is steady."""
        if not is_steady:
            self._measures.begin_anew(frame)
        update = self._tracker.observe(frame.time, self._unmasked(detections), self._rule_set.held)
        ended = [*self._ended, *(track.number for track in update.ended)]
        self._ended = []
        for number in ended:
            self._measures.forget(number)
        self._read_outlets(frame, update.live, is_steady=is_steady)
        return View(
            time=frame.time,
            resolution_wh=self._resolution_wh,
            is_steady=is_steady,
            tracks=[self._track_view(frame, track) for track in update.live],
            ended=ended,
            readings={outlet.zone: outlet.readings for outlet in self._outlets if outlet.readings},
            emitting={outlet.zone for outlet in self._outlets if outlet.is_emitting},
        )

    def _read_outlets(self, frame: Frame, tracks: Sequence[Track], *, is_steady: bool) -> None:
        """Show the picture to the outlets' watches, with the boxes that it holds."""
        self._new_readings = []
        if not self._outlets:
            return
        smoke: list[Xyxy] = []
        others: list[Xyxy] = []
        for track in tracks:
            if track.seen_at(frame.time) is not None:
                (smoke if track.class_name == SMOKE else others).append(in_look(frame, track.last.xyxy))
        glance = Glance(frame.image, frame.time, smoke, others, is_steady, self.condition is Condition.RAIN)
        self._new_readings = [read for outlet in self._outlets if (read := outlet.observe(glance)) is not None]

    def _track_view(self, frame: Frame, track: Track) -> TrackView:
        sighting = track.seen_at(frame.time)
        box = in_look(frame, track.last.xyxy)
        change, values = self._measures.observe(track.number, frame, box, sighting, self.condition)
        probability = None if self._classifier is None else self._classifier.probability(track.class_name, values)
        if (
            sighting is not None
            and track.class_name == SMOKE
            and any(one.withholds(box) or one.defers(box) for one in self._outlets)
        ):
            sighting = None  # condensed water above a drawn outlet, or not yet known to be none
        return TrackView(track, sighting, change, values, probability)

    def _unmasked(self, detections: Detections) -> Detections:
        """Return the boxes that do not lie in masks."""
        if self._time is None:
            return detections
        at = (self._resolution_wh, self._time.utc)
        hidden = [self._masks.hide(xyxy_of(detections, row), *at) for row in range(len(detections))]
        return detections.where(~np.array(hidden, np.bool_))

    def _end_dropped(self) -> None:
        """End the tracks that rules dropped and that no rule holds: their next box starts another."""
        for number in sorted(self._rule_set.renounced):
            self._tracker.end(number)
            self._ended.append(number)
