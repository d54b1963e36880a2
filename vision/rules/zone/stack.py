"""V01, stack smoke over the limit: the readings above an outlet against its limit, added up by HJ/T 398."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.contract.reasons import DispositionReason
from vision.config.zones import Zone
from vision.plume.readings import Reading, is_exceeded
from vision.plume.ringelmann import ACCUMULATION_S, READING_S, WINDOW_S
from vision.rules.leniency import USUAL, LeniencyAt
from vision.rules.rule import TrackView, View
from vision.rules.zone.zonal import RuleName, Verdict

NAME = RuleName("stack.grade", "1.0.0", "V01_STACK_SMOKE", "smoke")
FAST_GRADE = 2.0
"""Readings all at or above this grade for `FAST_S` raise the alarm at once (domain.md 7.2)."""
FAST_S = 60.0
HYSTERESIS = 0.7
"""Share of the limit above which the grade keeps a lead open."""


class StackWatcher:
    """
    Watches the grades above one outlet; refused readings count as not exceeded.

    A lenient owner only gets more time before a lead is made. The times are the standard's: no configuration sets them.
    """

    def __init__(self, zone: Zone, grade_limit: float, leniency: LeniencyAt = lambda _: USUAL) -> None:
        self._zone = zone
        self._leniency = leniency
        self._limit = grade_limit

    def params_at(self, utc: datetime) -> Mapping[str, float | int | str | bool]:
        """Return the limit, and the times that hold for the owner."""
        persistence = self._leniency(utc).persistence
        return {
            "grade_limit": self._limit,
            "op": ">",
            "seconds": round(ACCUMULATION_S * persistence),
            "window_s": round(WINDOW_S),
            "fast_grade": FAST_GRADE,
            "fast_s": round(FAST_S * persistence),
        }

    def watch(self, view: View) -> Verdict:
        """Return whether the readings of the last half hour exceed the limit."""
        readings = view.readings.get(self._zone.name, ())
        above = [reading for reading in readings if reading.grade is not None and reading.grade > self._limit]
        is_held = _is_fresh(view, readings) and (readings[-1].grade or 0.0) > HYSTERESIS * self._limit
        persistence = self._leniency(view.time.utc).persistence
        grounds = []
        if is_exceeded(readings, self._limit, ACCUMULATION_S * persistence):
            grounds.append(DispositionReason.OVER_LIMIT)
        if _lasts(readings, over=self._limit, seconds=FAST_S * persistence):
            grounds.append(DispositionReason.FAST_ALARM)
        return Verdict(
            is_met=bool(grounds) and is_held,
            is_held=is_held,
            first=above[0].start if above else None,
            boxes=smoke_at(view, self._zone),
            pictures=max(1, sum(reading.pictures for reading in above)),
            measures={"over_limit_s": READING_S * len(above)},
            grounds=tuple(grounds),
        )

    def forget(self) -> None:
        """Do nothing: the readings belong to the camera."""


def smoke_at(view: View, zone: Zone) -> Sequence[TrackView]:
    """Return the smoke at an outlet in this picture, the surest first."""
    found = [
        seen
        for seen in view.tracks
        if seen.track.class_name == "smoke"
        and seen.sighting is not None
        and zone.claims(seen.sighting.xyxy, view.resolution_wh)
    ]
    return sorted(found, key=lambda seen: (-(seen.sighting.confidence if seen.sighting else 0), seen.track.number))


def _is_fresh(view: View, readings: Sequence[Reading]) -> bool:
    """Whether the newest reading is current: the next one is not overdue."""
    return bool(readings) and view.time.seconds_since(readings[-1].time) <= 2 * READING_S


def _lasts(readings: Sequence[Reading], over: float, seconds: float) -> bool:
    """Whether the last readings were at least `FAST_GRADE` and above `over`, for `seconds` without a break."""
    newest = readings[-int(seconds / READING_S) :]
    grades = [reading.grade or 0.0 for reading in newest]
    if len(newest) < seconds / READING_S or min(grades) < FAST_GRADE or min(grades) <= over:
        return False
    return newest[-1].time.seconds_since(newest[0].start) <= seconds + READING_S
