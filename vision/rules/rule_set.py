"""
Rule set: the rules of one camera, and the leads that they report: merged, judged, held back.

It gets views (`vision.rules.rule.View`), live from the camera's analyser, or again from the record of the last hour
(`vision.analysis.lookback`). The same views in the same order give the same leads.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Self

from models.detector import ModelCard
from streams.camera import camera_id
from streams.timing.clock import CaptureTime
from vision.config.camera import CameraConfig
from vision.config.rules import RuleConfig, RuleKind
from vision.config.worker import WorkerConfig
from vision.confirm.classifier import TrackClassifier
from vision.confirm.tracks import TrackerSettings
from vision.leads.budget import Range
from vision.leads.climb import Climb
from vision.leads.judgement import Judge
from vision.leads.lead import CloseReason, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.leads.merging import Merger
from vision.plume.readings import Reading
from vision.rules.fire import fire_rule
from vision.rules.leniency import LeniencyAt, leniency_of
from vision.rules.rule import Rule, View
from vision.rules.smoke import smoke_rule
from vision.rules.tamper import TamperRule
from vision.rules.visible import VisibleRule
from vision.rules.zone.families import Families
from vision.scene.health import PictureHealth


class RuleFailedError(Exception):
    """Rules failed on a picture: `rules` by id; `changes` are the valid changes by the other rules."""

    def __init__(self, rules: Sequence[str], changes: Sequence[LeadChange]) -> None:
        super().__init__(f"rules failed on a picture: {', '.join(rules)}")
        self.rules = tuple(rules)
        self.changes = tuple(changes)


class RuleSet:
    """
    One camera's rules. Not thread-safe except `open_leads` and `lead`.

    Args:
        camera: the camera's id.

        rules: that look at tracks and zones.

        judge: judges each lead; without it leads have no judgement.

        tamper: watches the camera itself.

    Attributes:
        merger: merges confirmed leads and holds back those beyond the limit.
    """

    def __init__(
        self, camera: str, rules: Sequence[Rule], judge: Judge | None = None, tamper: TamperRule | None = None
    ) -> None:
        self._rules = tuple(rules)
        self._visible = tuple(rule for rule in rules if isinstance(rule, VisibleRule))
        self._judge = judge
        self._tamper = tamper or TamperRule(camera_id(camera), (), 0.0)
        self.merger = Merger()
        self._readings: Mapping[str, Sequence[Reading]] = {}
        self._open: Mapping[LeadKey, Lead] = {}
        self._time: CaptureTime | None = None
        self.start_confidence = TrackerSettings().start_confidence
        """Least confidence of a box that starts a track, so that every rule sees its first boxes."""

    @classmethod
    def for_camera(
        cls, camera: CameraConfig, config: WorkerConfig, card: ModelCard, classifier: TrackClassifier | None = None
    ) -> Self:
        """
        Return the rules of one camera by `config`.

        `classifier` replaces the weights that `vision.confirm.classifier` holds for the model of `card`.

        Raises `ValueError` where a rule needs a class that the model of `card` lacks.
        """
        classifier = classifier or TrackClassifier.of(card.weights_sha256)
        families = Families(camera, config, card.class_names)
        standing = [
            _standing_rule(name, rule, camera, config, families.smoke_zones, classifier)
            for name, rule in config.rules.items()
            if rule.enabled and (not rule.cameras or camera.id in rule.cameras)
        ]
        for rule in standing:
            if rule.class_name not in card.class_names:
                known = ", ".join(card.class_names)
                raise ValueError(f"rule {rule.id} needs class {rule.class_name!r}; model {card.name} knows {known}")
        lowest = [rule.lowest_confidence for rule in standing]
        zonal = list(families.rules())
        if zonal:
            lowest.append(families.lowest_confidence)
        rule_set = cls(camera.id, [*standing, *zonal], Judge(camera, config, card), families.tamper())
        rule_set.start_confidence = min(lowest, default=rule_set.start_confidence)
        return rule_set

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The open confirmed leads, updated by the newest picture. Thread-safe."""
        return tuple(self._open.values())

    def lead(self, key: LeadKey) -> Lead | None:
        """Return an open lead, updated by the newest picture; ``None`` where it is not open. Thread-safe."""
        return self._open.get(key)

    @property
    def held(self) -> AbstractSet[int]:
        """Tracks that must not end by absence, because of an open lead."""
        return frozenset[int]().union(*(rule.held for rule in self._rules))

    @property
    def is_undecided(self) -> bool:
        """Whether a closer look would decide sooner."""
        return any(rule.undecided for rule in self._rules)

    @property
    def renounced(self) -> AbstractSet[int]:
        """Tracks that rules dropped and none holds: their next box should start another."""
        return frozenset[int]().union(*(rule.renounced for rule in self._rules)) - self.held

    @property
    def states(self) -> Mapping[int, WorkerLeadState]:
        """State of the furthest open lead on each track: ``confirmed`` before ``candidate``."""
        furthest: dict[int, WorkerLeadState] = {}
        for rule in self._rules:
            for track, state in rule.states.items():
                if state is WorkerLeadState.CONFIRMED or track not in furthest:
                    furthest[track] = state
        return furthest

    def look_at(self, time: CaptureTime, readings: Mapping[str, Sequence[Reading]]) -> None:
        """Set the time of the next picture and the readings above the outlets."""
        self._time, self._readings = time, readings

    def observe(self, view: View) -> list[LeadChange]:
        """
        Return the leads that the next picture changes.

        Raises `RuleFailedError` after all rules have seen it, so that a fault of one loses no lead of another.
        """
        self.look_at(view.time, view.readings)
        changes: list[LeadChange] = []
        faults: dict[str, Exception] = {}
        for rule in self._rules:
            try:
                changes += rule.observe(view)
            except Exception as fault:  # noqa: BLE001 - told below, whatever it is
                faults[rule.id] = fault
        told = self._told(changes)
        if faults:
            raise RuleFailedError(list(faults), told) from next(iter(faults.values()))
        return told

    def observe_health(
        self, health: PictureHealth, time: CaptureTime, resolution_wh: tuple[int, int]
    ) -> list[LeadChange]:
        """Return the leads that the state of the camera itself changes."""
        return self._told(self._tamper.observe(health, time, resolution_wh))

    def end_rules(self, reason: CloseReason) -> list[LeadChange]:
        """End the rules' open leads and start again; the tamper rule continues."""
        return self._told([change for rule in self._rules for change in rule.end(reason)])

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """End every open lead."""
        return [*self.end_rules(reason), *self._told(self._tamper.end(reason))]

    @property
    def budget_range(self) -> Range | None:
        """What a budget may set; ``None`` where it may set nothing."""
        fitted = {rule: rule.fitted for rule in self._visible if rule.fitted is not None}
        if not fitted:
            return None
        one = next(iter(fitted))  # for all: a budget sets no threshold where a classifier was fitted
        return Range(
            least=max(rule.least for rule in fitted),
            fitted=max(fitted.values()),
            scale=one.scale,
            rules=frozenset(rule.id for rule in fitted),
            classifier_version=one.classifier_version,
        )

    def adopt(self, value: float) -> None:
        """Open leads at this value from the next track on, in the rules where a budget may set it."""
        for rule in self._visible:
            rule.adopt(value)

    def take_climbs(self) -> list[Climb]:
        """Return the climbs of the tracks that ended since the last call."""
        return [climb for rule in self._visible for climb in rule.take_climbs()]

    def _told(self, changes: Sequence[LeadChange]) -> list[LeadChange]:
        """Return the changes of reported leads that follow from the rules' changes, each judged."""
        if self._time is None:
            return list(changes)
        self.merger.grow([*(lead for rule in self._rules for lead in rule.open_leads), *self._tamper.open_leads])
        merged = self.merger.take([self._judged(change) for change in changes], self._time)
        self._open = {lead.key: self._judged_lead(lead) for lead in self.merger.open_leads}
        return [self._judged(change) for change in merged]

    def _judged(self, change: LeadChange) -> LeadChange:
        return replace(change, lead=self._judged_lead(change.lead))

    def _judged_lead(self, lead: Lead) -> Lead:
        return lead if self._judge is None else self._judge.judged(lead, self._readings)


def _leniency(camera: CameraConfig, config: WorkerConfig) -> dict[str, LeniencyAt]:
    """Return the leniency for smoke, by the zone's name."""
    owners = {name for each in config.enterprises for name in (each.uscc, each.name)}
    return {zone.name: leniency_of(zone, config) for zone in camera.zones if zone.owner in owners}


def _standing_rule(
    name: str,
    rule: RuleConfig,
    camera: CameraConfig,
    config: WorkerConfig,
    ceded: AbstractSet[str],
    classifier: TrackClassifier | None,
) -> VisibleRule:
    match rule.kind:
        case RuleKind.SMOKE:
            return smoke_rule(name, rule, camera, config.site.zone, ceded, classifier, _leniency(camera, config))
        case RuleKind.FIRE:
            return fire_rule(name, rule, camera, config.site.zone, classifier)
