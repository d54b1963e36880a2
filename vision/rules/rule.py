"""Rule: the protocol of rules, and the view of an analysed picture that they get."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streams.timing.clock import CaptureTime
from vision.confirm.tracks import Sighting, Track
from vision.leads.lead import CloseReason, Lead, LeadChange, WorkerLeadState
from vision.plume.readings import Reading

DOUBTFUL = 0.5
"""Probability below which a box alone does not show what its class says."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackView:
    """
    One live track as one picture shows it.

    Attributes:
        track: the track.

        sighting: its box in this picture; ``None`` where it was missed.

        change: of its pixels, in multiples of the noise around it (`vision.scene.change.BoxChange.ratio`).

        features: what its pictures have shown so far, in the order of `vision.confirm.features.FEATURES`.

        probability: calibrated, of being what its class says; ``None`` where no weights were fitted for the detector.
    """

    track: Track
    sighting: Sighting | None
    change: float
    features: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    probability: float | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether it is more probably something else."""
        return self.probability is not None and self.probability < DOUBTFUL

    def differs(self, min_change: float) -> bool:
        """Whether its pixels have changed since the track began; those of a sign, a lamp or a stain do not."""
        return self.change >= min_change


@dataclass(frozen=True, slots=True)
class View:
    """
    One analysed picture as rules see it.

    Attributes:
        time: of the picture.

        resolution_wh: its width and height in pixels.

        is_steady: False where the whole picture just changed.

        tracks: the live tracks, by number.

        ended: numbers of the tracks that ended since the last picture.

        readings: of the last half hour above each outlet, by the name of its zone, oldest first; an outlet without
            readings is missing.

        emitting: names of the outlets that emit something now (`vision.plume.outlets.OutletWatch.is_emitting`).
    """

    time: CaptureTime
    resolution_wh: tuple[int, int]
    is_steady: bool
    tracks: Sequence[TrackView]
    ended: Sequence[int]
    readings: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    emitting: AbstractSet[str] = frozenset()


class Rule(Protocol):
    """Turns views into leads; the same views give the same leads."""

    @property
    def id(self) -> str:
        """Stable name, e.g. ``smoke.visible``."""
        ...

    @property
    def states(self) -> Mapping[int, WorkerLeadState]:
        """State of the open lead on each track that has one, by track number."""
        ...

    @property
    def held(self) -> AbstractSet[int]:
        """Tracks that must not end by absence, because of an open lead."""
        ...

    @property
    def undecided(self) -> AbstractSet[int]:
        """Tracks with boxes that count, neither confirmed nor dropped: a closer look would decide sooner."""
        ...

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The open confirmed leads in their newest state, which may have grown since their last move."""
        ...

    @property
    def renounced(self) -> AbstractSet[int]:
        """Tracks that were dropped as static and now change: they should start again."""
        ...

    def observe(self, view: View) -> list[LeadChange]:
        """Return the leads that the next picture changes."""
        ...

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """End every open lead and forget the tracks."""
        ...
