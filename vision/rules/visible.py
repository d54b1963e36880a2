"""Visible smoke or fire: the logic that both rules share."""

from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, fields, replace
from types import MappingProxyType
from typing import Self
from zoneinfo import ZoneInfo

from api.contract.fields import SETTING_MOST, one_line
from streams.camera import CameraId, camera_id
from vision.config.camera import CameraConfig
from vision.config.hours import schedule_of
from vision.config.rules import ConfirmBy, RuleConfig
from vision.config.schedule import Schedule
from vision.config.zones import Zone, ZoneKind
from vision.confirm.classifier import START_CONFIDENCE, TrackClassifier
from vision.confirm.confirmation import Criteria
from vision.leads.budget import Scale
from vision.leads.climb import Climb
from vision.leads.history_day import MOST_CLIMBS
from vision.leads.lead import CloseReason, Lead, LeadChange, WorkerLeadState
from vision.rules.case import LOWEST, Case, LeadFacts
from vision.rules.leniency import SHIFTS, LeniencyAt
from vision.rules.rule import TrackView, View
from vision.rules.whereabouts import PRECISION, Place


class VisibleRule:
    """
    Reports tracks of one class that last and change, in the rule's place and hours.

    One lead a track; its moves follow `vision.leads.lead.LEGAL_MOVES`.
    """

    def __init__(
        self,
        *,
        rule_id: str,
        version: str,
        class_name: str,
        violation_code: str,
        camera_id: CameraId,
        criteria: Criteria,
        place: Place,
        schedule: Schedule,
        classifier: TrackClassifier | None = None,
        is_budgeted: bool = False,
        leniency: Mapping[str, LeniencyAt] = MappingProxyType({}),
    ) -> None:
        self._facts = LeadFacts(camera_id, rule_id, version, class_name, violation_code)
        self._criteria = criteria
        self._classifier = classifier
        self._is_budgeted = is_budgeted
        self._base = criteria
        self._climbs: deque[Climb] = deque(maxlen=MOST_CLIMBS)
        self._leniency = leniency
        lowest = criteria.threshold + (min(SHIFTS.values()) if leniency else 0.0)
        self._start_confidence = START_CONFIDENCE if classifier else criteria.hysteresis * max(lowest, LOWEST)
        self._place = place
        self._schedule = schedule
        self._params: Mapping[str, float | int | str | bool] = {
            **asdict(criteria),
            "belief": self.classifier_version,
            "zones": one_line(",".join(zone.name for zone in place.zones), SETTING_MOST) if place.is_confined else "",
            "zone_test": place.test.value,
            "min_overlap": place.min_overlap,
        }
        self._cases: dict[int, Case] = {}
        self._renounced: frozenset[int] = frozenset()

    @classmethod
    def from_config(
        cls,
        *,
        rule_id: str,
        version: str,
        class_name: str,
        violation_code: str,
        config: RuleConfig,
        camera: CameraConfig,
        zone: ZoneInfo,
        codes: Mapping[ZoneKind, str],
        ceded: AbstractSet[str] = frozenset(),
        classifier: TrackClassifier | None = None,
        minds_hours: bool = True,
        leniency: Mapping[str, LeniencyAt] = MappingProxyType({}),
    ) -> Self:
        """
        Return the rule as configured for one camera.

        Its code is the zone's own, else the rule's configured one, else that of `codes` for the zone's kind, else
        `violation_code`. A rule that is confined to zones cedes none of them.

        `classifier` is the detector's; it decides unless the configuration asks for *k* of *n*. A budget may set its
        probability unless the configuration does; without a fit, the threshold of *k* of *n*.

        `leniency` is that of the owners, by the names of their zones.
        """
        decides = classifier if config.confirm is ConfirmBy.BELIEF else None
        criteria = Criteria(**{f.name: getattr(config, f.name) for f in fields(Criteria)})
        if decides is None or class_name not in decides.classes:
            decides, criteria = None, replace(criteria, probability=0.0)
        else:
            criteria = replace(criteria, probability=criteria.probability or decides.threshold)
        own = {} if config.violation_code else codes
        watched = [
            z
            for z in sorted(camera.zones, key=lambda z: PRECISION.index(z.kind))
            if z.kind is not ZoneKind.MASK and (not config.zones or z.name in config.zones)
        ]
        return cls(
            rule_id=rule_id,
            version=version,
            class_name=class_name,
            violation_code=config.violation_code or violation_code,
            camera_id=camera_id(camera.id),
            criteria=criteria,
            classifier=decides,
            is_budgeted=config.probability == 0 if decides else classifier is None,
            place=Place(
                zones=[
                    Zone(
                        z.name,
                        z.polygon,
                        z.violation_code or own.get(z.kind, ""),
                        z.kind,
                        schedule_of(z.schedule, zone),
                    )
                    for z in watched
                ],
                is_confined=bool(config.zones),
                test=config.zone_test,
                min_overlap=config.min_overlap,
                ceded=frozenset() if config.zones else ceded,
                minds_hours=minds_hours,
            ),
            schedule=schedule_of(config.schedule, zone),
            leniency=leniency,
        )

    @property
    def id(self) -> str:
        """Stable name, e.g. ``smoke.visible``."""
        return self._facts.rule_id

    @property
    def class_name(self) -> str:
        """The detector's class it reports."""
        return self._facts.class_name

    @property
    def lowest_confidence(self) -> float:
        """Confidence from which a box can count."""
        return self._start_confidence

    @property
    def scale(self) -> Scale:
        """What a budget sets: a calibrated probability, or the confidence that *k* of *n* ask for."""
        return Scale.PROBABILITY if self._classifier else Scale.CONFIDENCE

    @property
    def classifier_version(self) -> str:
        """Version of the weights in use; empty where *k* of *n* decide."""
        return self._classifier.version if self._classifier else ""

    @property
    def fitted(self) -> float | None:
        """The value of `scale` that opens a lead where a budget may set another; ``None`` where none may."""
        if not self._is_budgeted:
            return None
        return self._classifier.threshold if self._classifier else self._base.threshold

    @property
    def least(self) -> float:
        """
        The lowest value that a budget may set.

        Of a probability: the limit of candidates. Of a confidence: the configured one, since weaker boxes were not
        fitted.
        """
        return self._criteria.release * (self.fitted or 1.0) if self._classifier else self._base.threshold

    def adopt(self, value: float) -> None:
        """Open leads at this value of `scale` from the next track on, where a budget may set it."""
        if self.fitted is None:
            return
        if self._classifier:
            self._criteria = replace(self._criteria, probability=value)
            self._params = {**self._params, "probability": value}
        else:
            self._criteria = replace(self._criteria, threshold=max(value, self._base.threshold))
            self._params = {**self._params, "threshold": self._criteria.threshold}

    def take_climbs(self) -> list[Climb]:
        """Return the climbs of the tracks that ended since the last call."""
        climbs = list(self._climbs)
        self._climbs.clear()
        return climbs

    @property
    def states(self) -> Mapping[int, WorkerLeadState]:
        """State of the open lead on each track that has one, by track number."""
        return {
            number: case.lead.state
            for number, case in self._cases.items()
            if case.lead is not None and not case.confirmation.is_over
        }

    @property
    def held(self) -> AbstractSet[int]:
        """Tracks with an open confirmed lead."""
        return {number for number, state in self.states.items() if state is WorkerLeadState.CONFIRMED}

    @property
    def undecided(self) -> AbstractSet[int]:
        """Tracks with boxes that count, neither confirmed nor dropped."""
        return {number for number, case in self._cases.items() if case.confirmation.asks}

    @property
    def renounced(self) -> AbstractSet[int]:
        """Tracks that were dropped as static and now change, or whose lead was closed and whose boxes came back."""
        return self._renounced

    def observe(self, view: View) -> list[LeadChange]:
        """Return the leads that the next picture changes, by track number."""
        changes = [change for number in view.ended for change in self._forget(number, CloseReason.GONE)]
        renounced = set()
        is_on = self._schedule.holds(view.time.utc)
        for seen in view.tracks:
            if seen.track.class_name != self._facts.class_name:
                continue
            number = seen.track.number
            if number not in self._cases:
                self._cases[number] = Case(self._facts, number, self._criteria)
            case = self._cases[number]
            if case.confirmation.is_over:
                if self._is_back(case, seen):
                    renounced.add(number)
                continue
            self._take_in(case, seen, view, is_on=is_on)
            changes += case.take_moves(self._params)
        self._renounced = frozenset(renounced)
        return changes

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The confirmed leads in their newest state."""
        return [
            case.grown(case.lead)
            for case in self._cases.values()
            if case.lead is not None and case.lead.state is WorkerLeadState.CONFIRMED
        ]

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """End every open lead and forget the tracks."""
        return [change for number in sorted(self._cases) for change in self._forget(number, reason)]

    def _is_back(self, case: Case, seen: TrackView) -> bool:
        """Whether a track whose case is over gets a new one: it was static and now changes, or it was gone."""
        is_sure = seen.sighting is not None and seen.sighting.confidence >= self.lowest_confidence
        was_static = case.confirmation.reason is CloseReason.STATIC
        return is_sure and (not was_static or seen.differs(self._criteria.min_change))

    def _take_in(self, case: Case, seen: TrackView, view: View, *, is_on: bool) -> None:
        """Add one picture of its track to the case; a box counts in the rule's place and hours."""
        sighting = seen.sighting if is_on else None
        zone = None if sighting is None else self._place.zone(sighting, view.resolution_wh, self._emitting(view))
        if not self._place.is_watched(zone, view.time.utc):
            sighting = zone = None
        if zone is not None and zone.name in self._leniency:
            case.suit(self._leniency[zone.name](view.time.utc))
        probability = seen.probability if self._classifier else None
        case.observe(seen, view, sighting, zone, probability)
        if sighting is not None and seen.differs(self._criteria.min_change):
            self._climb(case, seen, view, probability)

    def _emitting(self, view: View) -> AbstractSet[str]:
        """Return the outlets whose plume a box may be; none for flames, which burn where they are."""
        return view.emitting if self._facts.class_name == "smoke" else frozenset()

    def _climb(self, case: Case, seen: TrackView, view: View, probability: float | None) -> None:
        """Add to the track's climb, for the camera's budget."""
        delay_s = view.time.seconds_since(seen.track.first.time)
        if probability is not None:
            case.note_climb(probability, delay_s)
        elif not self._classifier and delay_s >= self._base.min_duration_s:
            case.note_climb(case.confirmation.reached, delay_s)

    def _forget(self, number: int, reason: CloseReason) -> list[LeadChange]:
        """End the open lead on one track, if any, and forget the track."""
        case = self._cases.pop(number, None)
        if case is None:
            return []
        climb = case.climb
        if self.fitted is not None and climb.probabilities and (self._classifier or climb.peak >= self.least):
            self._climbs.append(climb)
        case.end(reason)
        return case.take_moves(self._params)
