"""
Lead: what a rule reports, inside the worker, and its states.

States go ``CANDIDATE -> CONFIRMED -> CLOSED`` or ``CANDIDATE -> DROPPED``, as data (`LEGAL_MOVES`). A closed lead whose
target shows again within half an hour is confirmed again (`vision.leads.merging`).
The states after filing (review, dispatch, ...) are the API's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from api.contract.reasons import DispositionReason
from api.contract.wire.lead import LeadDisposition, LeadFactor, LeadLegal, LeadTarget, LeadVote
from api.contract.wire.state import Priority
from models.detections import Xyxy
from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from vision.plume.readings import Measurement

LeadKey = NewType("LeadKey", str)
"""Identifies a lead inside one worker run: ``<camera>/<epoch>/<rule>/<track>``; the same on every replay of a file."""


class WorkerLeadState(StrEnum):
    """State of a lead in the worker; after filing it is `api.contract.wire.state.LeadState`."""

    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    DROPPED = "dropped"


class CloseReason(StrEnum):
    """Why a lead ended."""

    GONE = "gone"
    STATIC = "static"
    STREAM_LOST = "stream_lost"
    SHUTDOWN = "shutdown"
    UNSIGHTED = "unsighted"
    """The camera no longer shows its view: black, covered, turned away."""
    MERGED = "merged"
    """It is part of another lead of the same target."""
    NOISY = "noisy"
    """The camera had made too many leads within the hour."""


LEGAL_MOVES: Mapping[WorkerLeadState, frozenset[WorkerLeadState]] = MappingProxyType(
    {
        WorkerLeadState.CANDIDATE: frozenset({WorkerLeadState.CONFIRMED, WorkerLeadState.DROPPED}),
        WorkerLeadState.CONFIRMED: frozenset({WorkerLeadState.CLOSED}),
        WorkerLeadState.CLOSED: frozenset({WorkerLeadState.CONFIRMED}),
        WorkerLeadState.DROPPED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One observation of a rule, with its values.

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
    The proposal for a lead (`vision.leads.judgement`).

    Attributes:
        target: responsible party, by the register; ``None`` outside zones with an owner or outlet number.

        legal: the law in force on its day; ``None`` for a code outside the catalogue.

        disposition: proposed action, and why.

        votes: independent evidence for it.

        factors: parts of the score.

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
    One reportable event at one camera.

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

        measurement: result of the readings above its outlet; ``None`` where it is at none.

        grounds: what the rule found, as reasons of the disposition.

        judgement: the proposal for it; ``None`` until it was judged.

        probability: calibrated, of being what its class says, by the pictures up to the newest that held it; ``None``
            where no weights were fitted for the detector.
    """

    key: LeadKey
    camera_id: CameraId
    rule_id: str
    rule_version: str
    rule_params: Mapping[str, float | int | str | bool]
    violation_code: str
    state: WorkerLeadState
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
    previous: WorkerLeadState | None

    def __post_init__(self) -> None:
        legal = (
            self.lead.state is WorkerLeadState.CANDIDATE
            if self.previous is None
            else self.lead.state in LEGAL_MOVES[self.previous]
        )
        if not legal:
            raise ValueError(f"a lead cannot go from {self.previous} to {self.lead.state}")
