"""History day: which minutes of one UTC day a camera was watched, and what its tracks reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from vision.leads.climb import Climb

MOST_CLIMBS = 200
"""Climbs kept a day, the highest: a detector that fires at rain gives thousands. All are counted."""

DAY_MINUTES = 24 * 60

_ALL_MINUTES = (1 << DAY_MINUTES) - 1


@dataclass(slots=True)
class HistoryDay:
    """
    One UTC day of a history.

    Attributes:
        watched_s: seconds watched.

        minutes: bit *m* is set where any of minute *m* was watched: of fixed size, however often a stream ends.

        climbs: the highest `MOST_CLIMBS` of its tracks.

        forgotten: tracks that reached less.
    """

    watched_s: float = 0.0
    minutes: int = 0
    climbs: list[Climb] = field(default_factory=list)
    forgotten: int = 0

    def watch(self, first: int, last: int, seconds: float) -> None:
        """Add `seconds` watched from minute `first` to minute `last` of the day, both included."""
        self.watched_s += seconds
        self.minutes |= (1 << last + 1) - (1 << first)

    def joined(self, other: "HistoryDay") -> "HistoryDay":
        """Return one day of both."""
        return HistoryDay(
            self.watched_s + other.watched_s,
            self.minutes | other.minutes,
            [*self.climbs, *other.climbs],
            self.forgotten + other.forgotten,
        )

    def add(self, climb: Climb) -> None:
        """Add a track; beyond `MOST_CLIMBS` forget the lowest one."""
        self.climbs.append(climb)
        if len(self.climbs) > MOST_CLIMBS:
            self.climbs.remove(min(self.climbs, key=lambda each: each.peak))
            self.forgotten += 1

    def as_document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "watched_s": round(self.watched_s, 3),
            "minutes": f"{self.minutes:x}",
            "forgotten": self.forgotten,
            "climbs": [climb.as_list() for climb in self.climbs],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the day of such a document; raise `ValueError`, `KeyError` or `TypeError` for anything else."""
        return cls(
            watched_s=float(document["watched_s"]),
            minutes=_as_minutes(document.get("minutes")),
            climbs=[Climb.from_list(*each) for each in document["climbs"]],
            forgotten=int(document["forgotten"]),
        )


def minute_of(moment: datetime) -> int:
    """Return the minute of the day."""
    return 60 * moment.hour + moment.minute


def _as_minutes(text: str | None) -> int:
    """Return the minutes of a day in a document; all of them where it was written before minutes were kept."""
    minutes = _ALL_MINUTES if text is None else int(text, 16)
    if not 0 <= minutes <= _ALL_MINUTES:
        raise ValueError(f"a day has {DAY_MINUTES} minutes, got {minutes.bit_length()}")
    return minutes
