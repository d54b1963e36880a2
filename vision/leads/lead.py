"""
Leads inside the worker: a track that a rule found worth reporting, and the machine of its states.

The worker's machine is ``CANDIDATE -> CONFIRMED -> CLOSED`` or ``CANDIDATE -> DROPPED``; it is data (`LEGAL_MOVES`).
A closed lead whose target shows again within half an hour goes on (`vision.leads.merging`).
What happens to a lead after it has been filed (review, dispatch, ...) is the API's machine, not this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from api.contract.reasons import DispositionReason
from api.contract.wire.lead import LeadDisposition, LeadFactor, LeadLegal, LeadTarget, LeadVote, Priority
from models.detections import Xyxy
from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from vision.plume.readings import Measurement

LeadKey = NewType("LeadKey", str)
"""Identifies a lead inside one worker run: ``<camera>/<epoch>/<rule>/<track>``; the same on every replay of a file."""


class LeadState(StrEnum):
    """Where a lead stands while the camera still sees it."""

    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    DROPPED = "dropped"


class CloseReason(StrEnum):
    """Why a lead left the camera's view."""

    GONE = "gone"
    STATIC = "static"
    STREAM_LOST = "stream_lost"
    SHUTDOWN = "shutdown"
    UNSIGHTED = "unsighted"
    """The camera does not show its view any more: black, covered, turned away."""
    MERGED = "merged"
    """It is part of another lead of the same target."""
    NOISY = "noisy"
    """The camera had made too many leads within the hour."""


LEGAL_MOVES: Mapping[LeadState, frozenset[LeadState]] = MappingProxyType(
    {
        LeadState.CANDIDATE: frozenset({LeadState.CONFIRMED, LeadState.DROPPED}),
        LeadState.CONFIRMED: frozenset({LeadState.CLOSED}),
        LeadState.CLOSED: frozenset({LeadState.CONFIRMED}),
        LeadState.DROPPED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    A rule's verdict on one observation, with the values that led to it.

    Attributes:
        class_name: the detector's class, e.g. ``smoke``.

        xyxy: box in source-image pixels.

        confidence: the detector's, in [0, 1].

        time: of the frame.

        zone: name of the zone the box is in; empty for the whole picture.

        measures: named numbers with the unit in the name, e.g. ``area_fraction``.
    """

    class_name: str
    xyxy: Xyxy
    confidence: float
    time: CaptureTime
    zone: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What is proposed for a lead (`vision.leads.judgement`).

    Attributes:
        target: whose it is, by the register; ``None`` where no zone with an owner or outlet number is concerned.

        legal: what it may be under by the law of its day; ``None`` for a code outside the catalogue.

        disposition: what is to be done and why.

        votes: what speaks for it.

        factors: what the score is made of.

        score: points of the priority, at least 0.

        priority: the class of the score.
    """

    target: LeadTarget | None
    legal: LeadLegal | None
    disposition: LeadDisposition
    votes: tuple[LeadVote, ...]
    factors: tuple[LeadFactor, ...]
    score: int
    priority: Priority


@dataclass(frozen=True, slots=True)
class Lead:
    """
    One reportable thing that one camera sees.

    Attributes:
        key: see `LeadKey`.

        rule_id: e.g. ``smoke.visible``.

        rule_version: of the rule's code, e.g. ``1.0.0``.

        rule_params: the values the rule ran with; evidence repeats them.

        violation_code: proposed code of domain.md 7, e.g. ``V01_STACK_SMOKE``; the reviewer decides.

        track: number of the track within the camera's epoch.

        first: when the track was first seen.

        confirmed: when it was confirmed; ``None`` before.

        last: when it was last seen.

        peak: the finding of highest confidence.

        observations: analysed frames in which the track was seen.

        reason: why it ended; ``None`` while it lasts.

        measurement: what the readings above its outlet amount to; ``None`` where it is at none.

        grounds: what the rule found, as reasons of the disposition.

        judgement: what is proposed for it; ``None`` until the camera's analyser has judged it.

        probability: calibrated, that it is what its class says, by the pictures up to the newest that held it; ``None``
            where nothing was fitted for the detector.
    """

    key: LeadKey
    camera_id: CameraId
    rule_id: str
    rule_version: str
    rule_params: Mapping[str, float | int | str | bool]
    violation_code: str
    state: LeadState
    track: int
    first: CaptureTime
    confirmed: CaptureTime | None
    last: CaptureTime
    peak: Finding
    observations: int
    reason: CloseReason | None = None
    measurement: Measurement | None = None
    grounds: tuple[DispositionReason, ...] = ()
    judgement: Judgement | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class LeadChange:
    """A lead that moved to a new state; `previous` is ``None`` for a new candidate."""

    lead: Lead
    previous: LeadState | None

    def __post_init__(self) -> None:
        legal = (
            self.lead.state is LeadState.CANDIDATE
            if self.previous is None
            else self.lead.state in LEGAL_MOVES[self.previous]
        )
        if not legal:
            raise ValueError(f"a lead cannot go from {self.previous} to {self.lead.state}")
