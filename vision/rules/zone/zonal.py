"""
Zonal rules: one lead for a zone of the catalogue, from any number of tracks (domain.md 7.2, 7.3).

A family of the catalogue is a `Watcher`: it decides for each picture whether its condition has lasted long enough, and
whether it still holds. The states of the lead are the same for all and are kept here.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from api.contract.reasons import DispositionReason
from models.detections import Xyxy
from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from vision.config.camera import ZoneConfig
from vision.config.schedule import Schedule
from vision.leads.lead import CloseReason, Finding, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.plume.readings import Reading, measurement_of
from vision.rules.rule import TrackView, View

CLOSE_AFTER_S = 60.0
"""Seconds without its condition after which a lead is closed (domain.md 7.3)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    A watcher's verdict on one picture.

    Attributes:
        is_met: the condition has lasted as long as the catalogue requires.

        is_held: it holds in this picture, so that an open lead stays open.

        first: when what counts began; ``None`` where nothing counts.

        boxes: the tracks that show it in this picture, the surest first.

        measures: figures for the finding, the unit in the name.

        grounds: reasons for the disposition.

        pictures: that showed it, with this one.
    """

    is_met: bool = False
    is_held: bool = False
    first: CaptureTime | None = None
    boxes: Sequence[TrackView] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    grounds: tuple[DispositionReason, ...] = ()
    pictures: int = 1


class Watcher(Protocol):
    """A family of the catalogue over one zone."""

    def params_at(self, utc: datetime) -> Mapping[str, float | int | str | bool]:
        """Return the values it runs with at an aware time, those of a lenient owner too; evidence repeats them."""
        ...

    def watch(self, view: View) -> Verdict:
        """Return what the next picture shows."""
        ...

    def forget(self) -> None:
        """Start again: the next picture is of another time or place."""
        ...


@dataclass(frozen=True, slots=True)
class RuleName:
    """Name, version and proposed code of a rule."""

    id: str
    version: str
    violation_code: str
    class_name: str


class ZoneRule:
    """One family over one zone: at most one lead at a time."""

    def __init__(
        self, name: RuleName, camera: CameraId, zone: ZoneConfig, watcher: Watcher, hours: Sequence[Schedule] = ()
    ) -> None:
        """Watch one `zone` of a camera while all of `hours` hold."""
        self._name = name
        self._hours = hours
        self._camera = camera
        self._zone = zone
        self._watcher = watcher
        self._code = zone.violation_code or name.violation_code
        self._opened = 0
        self._lead: Lead | None = None
        self._shown: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Stable name of the family, e.g. ``bypass.smoke``."""
        return self._name.id

    @property
    def violation_code(self) -> str:
        """The code it proposes: the zone's own, or its family's."""
        return self._code

    @property
    def states(self) -> Mapping[int, WorkerLeadState]:
        """The tracks that the newest picture shows in the zone, with the state of its lead."""
        state = WorkerLeadState.CANDIDATE if self._lead is None else self._lead.state
        return dict.fromkeys(self._shown, state)

    @property
    def held(self) -> AbstractSet[int]:
        """No track: the lead belongs to its zone."""
        return frozenset()

    @property
    def undecided(self) -> AbstractSet[int]:
        """No track: conditions of a minute and more are decided on patrol too."""
        return frozenset()

    @property
    def renounced(self) -> AbstractSet[int]:
        """No track."""
        return frozenset()

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The open lead in its newest state."""
        return () if self._lead is None else (self._lead,)

    def observe(self, view: View) -> list[LeadChange]:
        """Return the moves of the zone's lead by the next picture."""
        if not self._is_on(view.time.utc):
            return self._rest(view)
        if any(schedule.spans for schedule in self._hours):
            view = replace(view, readings={name: self._in_hours(series) for name, series in view.readings.items()})
        verdict = self._watcher.watch(view)
        self._shown = tuple(seen.track.number for seen in verdict.boxes)
        if self._lead is None:
            if not (verdict.is_met and verdict.first is not None):
                return []
            return self._open(verdict, view, verdict.first)
        if verdict.is_held:
            self._grow(self._lead, verdict, view)
        elif view.time.seconds_since(self._lead.last) >= CLOSE_AFTER_S:
            return self._close(CloseReason.GONE)
        return []

    def _rest(self, view: View) -> list[LeadChange]:
        """Ignore the picture outside the zone's hours; an open lead ends as without its condition."""
        self._watcher.forget()
        self._shown = ()
        if self._lead is None or view.time.seconds_since(self._lead.last) < CLOSE_AFTER_S:
            return []
        return self._close(CloseReason.GONE)

    def _in_hours(self, series: Sequence[Reading]) -> Sequence[Reading]:
        return [reading for reading in series if self._is_on(reading.start.utc)]

    def _is_on(self, utc: datetime) -> bool:
        return all(schedule.holds(utc) for schedule in self._hours)

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """Close the open lead and start again."""
        self._watcher.forget()
        self._shown = ()
        return self._close(reason)

    def _open(self, verdict: Verdict, view: View, first: CaptureTime) -> list[LeadChange]:
        self._opened += 1
        params = self._watcher.params_at(view.time.utc)
        candidate = Lead(
            key=LeadKey(f"{self._camera}/{view.time.epoch}/{self._name.id}/{self._zone.name}/{self._opened}"),
            camera_id=self._camera,
            rule_id=self._name.id,
            rule_version=self._name.version,
            rule_params={**params, "zones": self._zone.name, "zone_kind": self._zone.kind.value},
            violation_code=self._code,
            state=WorkerLeadState.CANDIDATE,
            track=verdict.boxes[0].track.number if verdict.boxes else 0,
            first=first,
            confirmed=None,
            last=view.time,
            peak=self._finding(verdict, view),
            observations=verdict.pictures,
            measurement=measurement_of(view.readings.get(self._zone.name, ())),
            grounds=verdict.grounds,
        )
        self._lead = replace(candidate, state=WorkerLeadState.CONFIRMED, confirmed=view.time)
        return [LeadChange(candidate, None), LeadChange(self._lead, WorkerLeadState.CANDIDATE)]

    def _grow(self, lead: Lead, verdict: Verdict, view: View) -> None:
        """Update the lead: it lasts, and this picture may be its peak."""
        finding = self._finding(verdict, view)
        is_surer = finding.confidence > lead.peak.confidence
        peak = finding if is_surer else replace(lead.peak, measures={**lead.peak.measures, **verdict.measures})
        self._lead = replace(
            lead,
            last=view.time,
            peak=peak,
            observations=lead.observations + 1,
            measurement=measurement_of(view.readings.get(self._zone.name, ())) or lead.measurement,
            grounds=tuple(dict.fromkeys((*lead.grounds, *verdict.grounds))),
        )

    def _close(self, reason: CloseReason) -> list[LeadChange]:
        lead, self._lead = self._lead, None
        if lead is None:
            return []
        return [LeadChange(replace(lead, state=WorkerLeadState.CLOSED, reason=reason), lead.state)]

    def _finding(self, verdict: Verdict, view: View) -> Finding:
        """Return the finding: the surest box, or the zone itself for a reading without boxes."""
        measures = dict(verdict.measures)
        box, confidence = self._box(view.resolution_wh), 0.0
        if verdict.boxes and (sighting := verdict.boxes[0].sighting) is not None:
            box, confidence = sighting.xyxy, sighting.confidence
            measures["change_ratio"] = verdict.boxes[0].change
        return Finding(
            class_name=self._name.class_name,
            xyxy=box,
            confidence=confidence,
            time=view.time,
            zone=self._zone.name,
            measures=measures,
        )

    def _box(self, resolution_wh: tuple[int, int]) -> Xyxy:
        columns, rows = zip(*self._zone.polygon, strict=True)
        width, height = resolution_wh
        return (min(columns) * width, min(rows) * height, max(columns) * width, max(rows) * height)
