"""Box watcher: boxes of one class in their place, for some seconds out of a window."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vision.config.schedule import Schedule
from vision.rules.leniency import USUAL, Leniency, LeniencyAt
from vision.rules.rule import TrackView, View
from vision.rules.zone.seen import SeenTime
from vision.rules.zone.zonal import Verdict

FEWEST_PICTURES = 4
"""
Least pictures that show it without doubt, however far apart. A box that is more probably of something else
(`TrackView.is_doubtful`) only extends the time.
"""

Place = Callable[[TrackView, tuple[int, int]], bool]
"""Whether a track's newest box is where the family looks, in a picture of that size."""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    When boxes in a zone are reported.

    Attributes:
        class_name: the detector's class.

        threshold: confidence from which a box counts.

        release: what has begun to count continues down to ``release x threshold``.

        min_change: least change of its pixels in multiples of the noise around it; less is a sign, a lamp or a stain.

        seen_s: least seconds seen ...

        window_s: ... within the last so many.
    """

    class_name: str
    threshold: float
    release: float
    min_change: float
    seen_s: float
    window_s: float


class BoxWatcher:
    """
    Counts the time in which boxes are in their place.

    Args:
        terms: when they are reported.
        place: where they must be.
        schedule: when it works.
        leniency: of the zone's owner at an aware time.
        gate: a further condition on the time; always where there is none.
    """

    def __init__(
        self,
        terms: Terms,
        place: Place,
        schedule: Schedule,
        leniency: LeniencyAt = lambda _: USUAL,
        gate: Callable[[datetime], bool] = lambda _: True,
    ) -> None:
        self._terms = terms
        self._place = place
        self._schedule = schedule
        self._leniency = leniency
        self._gate = gate
        self._time = SeenTime(terms.window_s)
        self._pictures = self._undoubted = 0
        self._was_seen = False

    def params_at(self, utc: datetime) -> Mapping[str, float | int | str | bool]:
        """Return the terms by name, as they hold for the owner."""
        terms, leniency = self._terms, self._leniency(utc)
        return {
            "threshold": round(terms.threshold + leniency.threshold, 4),
            "release": terms.release,
            "min_change": terms.min_change,
            "seen_s": terms.seen_s * leniency.persistence,
            "window_s": terms.window_s,
        }

    def watch(self, view: View) -> Verdict:
        """Return the verdict after the next picture."""
        utc = view.time.utc
        is_on = self._schedule.holds(utc) and self._gate(utc)
        leniency = self._leniency(utc)
        boxes = self._boxes(view, leniency) if is_on and view.is_steady else ()
        self._was_seen = bool(boxes)
        shows = any(not seen.is_doubtful for seen in boxes)
        self._pictures += bool(boxes)
        self._undoubted += shows
        self._time.observe(view.time, is_seen=bool(boxes), is_clear=view.is_steady and is_on)
        seen_s = self._time.seen_s
        if seen_s == 0:
            self._pictures, self._undoubted = int(bool(boxes)), int(shows)
        is_met = seen_s >= self._terms.seen_s * leniency.persistence and self._undoubted >= FEWEST_PICTURES
        return Verdict(
            is_met=is_met and bool(boxes),
            is_held=bool(boxes),
            first=self._time.first,
            boxes=boxes,
            pictures=max(1, self._pictures),
            measures={
                "visible_s": round(seen_s, 3),
                "observed_s": round(self._time.observed_s, 3),
                "emission_frequency": round(self._time.frequency, 4),
            },
        )

    def forget(self) -> None:
        """Start again."""
        self._time = SeenTime(self._terms.window_s)
        self._pictures = self._undoubted = 0
        self._was_seen = False

    def _boxes(self, view: View, leniency: Leniency) -> Sequence[TrackView]:
        """Return the boxes that count, the surest first, with hysteresis around the threshold."""
        terms = self._terms
        least = (terms.threshold + leniency.threshold) * (terms.release if self._was_seen else 1.0)
        found = [
            seen
            for seen in view.tracks
            if seen.track.class_name == terms.class_name
            and seen.sighting is not None
            and seen.sighting.confidence >= least
            and seen.differs(terms.min_change)
            and self._place(seen, view.resolution_wh)
        ]
        return sorted(found, key=lambda seen: (-(seen.sighting.confidence if seen.sighting else 0), seen.track.number))
