"""The rule seam: what a rule is shown of each analysed picture, and what it answers."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from vision.cues import CUES
from vision.leads import CloseReason, Lead, LeadChange, LeadState
from vision.readings import Reading
from vision.tracks import Sighting, Track

_NEWS = CUES.index("news")


@dataclass(frozen=True, slots=True, eq=False)
class TrackView:
    """
    One live track as one picture shows it.

    Attributes:
        track: the track.

        sighting: its box in this picture; ``None`` where it was missed.

        change: of its pixels, in multiples of the noise around it (`vision.change.BoxChange.ratio`).

        cues: what its pictures have shown so far, in the order of `vision.cues.CUES`.

        is_deferred: whether the box may yet be of condensed water, of what drives through, of a lamp, or of the place
            as it usually looks.

        has_news: whether a box of smoke shows something that the place usually does not (`vision.scenery.Scenery`).
    """

    track: Track
    sighting: Sighting | None
    change: float
    cues: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    is_deferred: bool = False
    has_news: bool = False

    @property
    def news(self) -> float:
        """Share of its boxes that differs from how the place usually looks, in [0, 1]; 0 where its box has no news."""
        return float(self.cues[_NEWS]) if self.has_news and self.cues.size else 0.0

    def differs(self, min_change: float) -> bool:
        """
        Whether the box shows anything but what stands there.

        Its pixels have changed since the track began, or differ from how the place usually looks: what was there from
        the first picture on need not change beside clouds and traffic that do.
        """
        return self.has_news or self.change >= min_change


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

        readings: of the last half hour above each outlet, by the name of its zone, oldest first; an outlet at which
            nothing was read yet is missing.

        emitting: names of the outlets above whose lip something stands now (`vision.outlets.OutletWatch.is_emitting`).
    """

    time: CaptureTime
    resolution_wh: tuple[int, int]
    is_steady: bool
    tracks: Sequence[TrackView]
    ended: Sequence[int]
    readings: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    emitting: AbstractSet[str] = frozenset()


class Rule(Protocol):
    """Turns tracks into leads. A function of what it was shown and of nothing else: same pictures, same leads."""

    @property
    def id(self) -> str:
        """Stable name, e.g. ``smoke.visible``."""
        ...

    @property
    def states(self) -> Mapping[int, LeadState]:
        """State of the lead on each track that has one under way, by track number."""
        ...

    @property
    def held(self) -> AbstractSet[int]:
        """Tracks that must not end by absence: an open lead waits for their boxes to come back."""
        ...

    @property
    def undecided(self) -> AbstractSet[int]:
        """Tracks with boxes that count, neither confirmed nor given up: a closer look would decide sooner."""
        ...

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The confirmed leads under way as they stand now: longer and surer than at their last move."""
        ...

    @property
    def renounced(self) -> AbstractSet[int]:
        """Tracks that were given up as static and now change: they should begin anew."""
        ...

    def observe(self, view: View) -> list[LeadChange]:
        """Return what the next picture changes."""
        ...

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """End every lead under way and forget the tracks."""
        ...
