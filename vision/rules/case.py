"""Case: one track under a rule, and its lead."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from vision.config.zones import Zone
from vision.confirm.confirmation import Confirmation, Criteria, Observation
from vision.confirm.tracks import Sighting
from vision.leads.budget import STRICTEST
from vision.leads.climb import Climb, Climber
from vision.leads.lead import CloseReason, Finding, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.rules.leniency import USUAL, Leniency
from vision.rules.rule import TrackView, View

LOWEST = 0.01
"""Lowest least confidence or probability under any leniency."""


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """Fields that all leads of a rule at a camera share, as in `vision.leads.lead.Lead`."""

    camera_id: CameraId
    rule_id: str
    rule_version: str
    class_name: str
    violation_code: str


class Case:
    """
    One track under a rule: its confirmation, and its lead once there is one.

    Attributes:
        confirmation: decides whether a lead opens and when it closes.

        lead: in its last state; ``None`` before the first.
    """

    def __init__(self, facts: LeadFacts, track: int, criteria: Criteria) -> None:
        self.confirmation = Confirmation(criteria)
        self.lead: Lead | None = None
        self._facts = facts
        self._track = track
        self._criteria = criteria
        self._leniency = USUAL
        self._climber = Climber()
        self._peak: Finding | None = None
        self._violation_code = ""
        self._first: CaptureTime | None = None
        self._last: CaptureTime | None = None
        self._confirmed: CaptureTime | None = None
        self._observations = 0
        self._most_change = 0.0

    @property
    def climb(self) -> Climb:
        """The climb of the track, with the time of confirmation, for the camera's budget."""
        return replace(self._climber.climb, confirmed=None if self._confirmed is None else self._confirmed.utc)

    def suit(self, leniency: Leniency) -> None:
        """Apply the leniency of the zone's owner to a track that is not confirmed."""
        if leniency == self._leniency or self._confirmed is not None:
            return
        self._leniency, usual = leniency, self._criteria
        probability = min(max(LOWEST, usual.probability + leniency.threshold), STRICTEST)
        self.confirmation.suit(
            replace(
                usual,
                threshold=max(LOWEST, usual.threshold + leniency.threshold),
                probability=probability if usual.probability else 0.0,
                min_duration_s=usual.min_duration_s * leniency.persistence,
            )
        )

    def observe(
        self, seen: TrackView, view: View, sighting: Sighting | None, zone: Zone | None, probability: float | None
    ) -> None:
        """
        Add the next picture of the track, and keep what a lead needs of it.

        `sighting` and `zone` are ``None`` where the picture holds no box that counts; `probability` without fitted
        weights.
        """
        confidence = 0.0 if sighting is None else sighting.confidence
        self.confirmation.observe(Observation(view.time, confidence, seen.change, probability or 0.0))
        begun = self.confirmation.first
        if begun is not None and begun != self._first and self._confirmed is None:
            self._first, self._peak, self._observations = begun, None, 0
            self._most_change = 0.0
        if sighting is None or self._first is None:
            return
        self._last = view.time
        self._observations += 1
        self._most_change = max(self._most_change, seen.change)
        if self._peak is None or confidence > self._peak.confidence:
            self._peak = self._finding(seen, sighting, zone, view.resolution_wh)
            self._violation_code = (zone.violation_code if zone else "") or self._facts.violation_code
        if self._confirmed is None and self.confirmation.state is WorkerLeadState.CONFIRMED:
            self._confirmed = view.time

    def note_climb(self, value: float, delay_s: float) -> None:
        """Add the track's value `delay_s` seconds after it began."""
        self._climber.observe(value, delay_s)

    def end(self, reason: CloseReason) -> None:
        """End the confirmation; `take_moves` returns the moves."""
        self.confirmation.end(reason)

    def take_moves(self, params: Mapping[str, float | int | str | bool]) -> list[LeadChange]:
        """Return the moves of the lead up to the state of the confirmation; a new lead repeats `params`."""
        state = self.confirmation.state
        if state is None or self._peak is None or self._first is None or self._last is None:
            return []
        changes: list[LeadChange] = []
        if self.lead is None:
            facts = self._facts
            self.lead = Lead(
                key=LeadKey(f"{facts.camera_id}/{self._first.epoch}/{facts.rule_id}/{self._track}"),
                camera_id=facts.camera_id,
                rule_id=facts.rule_id,
                rule_version=facts.rule_version,
                rule_params={**params, **_as_params(self._leniency)},
                violation_code=self._violation_code,
                state=WorkerLeadState.CANDIDATE,
                track=self._track,
                first=self._first,
                confirmed=None,
                last=self._last,
                peak=self._peak,
                observations=self._observations,
                probability=self.confirmation.probability,
            )
            changes.append(LeadChange(self.lead, None))
        if state is not self.lead.state:
            previous = self.lead.state
            self.lead = replace(self.grown(self.lead), state=state, reason=self.confirmation.reason)
            changes.append(LeadChange(self.lead, previous))
        return changes

    def grown(self, lead: Lead) -> Lead:
        """Return the case's lead with what has been seen of it so far."""
        peak = self._peak or lead.peak
        return replace(
            lead,
            violation_code=self._violation_code,
            first=self._first or lead.first,
            confirmed=self._confirmed,
            last=self._last or lead.last,
            peak=replace(peak, measures={**peak.measures, "most_change_ratio": self._most_change}),
            observations=self._observations,
            probability=self.confirmation.probability,
        )

    def _finding(
        self, seen: TrackView, sighting: Sighting, zone: Zone | None, resolution_wh: tuple[int, int]
    ) -> Finding:
        left, top, right, bottom = sighting.xyxy
        return Finding(
            class_name=self._facts.class_name,
            xyxy=sighting.xyxy,
            confidence=sighting.confidence,
            time=sighting.time,
            zone=zone.name if zone else "",
            measures={
                "area_fraction": (right - left) * (bottom - top) / (resolution_wh[0] * resolution_wh[1]),
                "change_ratio": seen.change,
            },
        )


def _as_params(leniency: Leniency) -> dict[str, float | int | str | bool]:
    """Return a leniency as rule parameters; empty for the usual one."""
    if leniency == USUAL:
        return {}
    return {"owner_threshold": leniency.threshold, "owner_persistence": leniency.persistence}
