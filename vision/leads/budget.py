"""
Budget: the value at which one camera opens at most so many false leads a day, from its own history.

What each track of the last days reached, and how soon, is kept: its *climb*. Were leads opened at a value *t*, those
tracks would have been leads that reached *t*. Whether each was real is what a reviewer said of its lead; where nobody
has, it is the probability that it had there, if that is calibrated (`vision.confirm.classifier`), or else the share of
this camera's leads that reviewers found real (`vision.leads.verdicts`). So the history tells, for any *t*, the false
leads a day, the share of what is real that would still be told, and how long it takes. The least *t* within the
operator's budget is the camera's own (decisions 0028 and 0049). A camera over a busy yard becomes stricter than one
over a field, and the price is shown.

Leads are counted over the time in which they could have come: a history knows which minutes it watched, and what was
said of leads of other minutes, which another worker watched, counts over the two weeks in which it was said (decision
0072).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from api.contract.bus import REVIEW_DAYS
from api.contract.review import LeadReview, Verdict
from vision.leads.verdicts import NO_VERDICTS, Verdicts, as_wire

HISTORY_DAYS = REVIEW_DAYS
"""Days that are remembered: two weeks hold every weekday twice, and still follow the season's light."""

MOST_CLIMBS = 200
"""Climbs kept a day, the highest; a detector gone wild in rain gives thousands, and they are counted all the same."""

LEAST_DAYS = 1.0
"""A history of less is taken for a day: one false lead in its first hour does not prove twenty-four a day."""

UNSEEN = 1.0
"""False leads that are assumed beside those seen: a day without any proves no rate below one (rule of succession)."""

STRICTEST = 0.99
STRICTEST_CONFIDENCE = 0.8
"""Of a confidence, which is no probability: dark smoke in full view gets so much, and a camera may not go blind."""

DAY_MINUTES = 24 * 60

_ALL_MINUTES = (1 << DAY_MINUTES) - 1

_STEPS = tuple(round(0.01 * step, 2) for step in range(1, 100))


class Scale(StrEnum):
    """
    What a budget sets: a calibrated probability (`vision.confirm.classifier`), or the confidence that *k* of *n* ask
    for.
    """

    PROBABILITY = "probability"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class Range:
    """
    What a budget may set on a camera.

    Attributes:
        least: lowest value.

        fitted: the value where there is no budget.

        scale: what the value is.

        rules: ids of the rules it is set in.

        belief: version of the weights whose probabilities they are; empty for confidences.
    """

    least: float
    fitted: float
    scale: Scale = Scale.PROBABILITY
    rules: frozenset[str] = frozenset()
    belief: str = ""


@dataclass(frozen=True, slots=True)
class Climb:
    """
    The highest that one track had reached at each time: only what was higher than anything before.

    Attributes:
        probabilities: rising, each in [0, 1]; confidences where the budget's `Scale` is one.

        delays_s: seconds from the track's first box to each.

        confirmed: when its rule confirmed it; ``None`` where it did not.
    """

    probabilities: tuple[float, ...]
    delays_s: tuple[float, ...]
    confirmed: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.probabilities) != len(self.delays_s):
            raise ValueError(f"got {len(self.probabilities)} probabilities and {len(self.delays_s)} delays")

    @property
    def peak(self) -> float:
        """The highest; 0 for an empty climb."""
        return self.probabilities[-1] if self.probabilities else 0.0

    def crossing(self, threshold: float) -> tuple[float, float] | None:
        """Return the first probability from `threshold` on, and when; ``None`` where it was never reached."""
        for probability, delay_s in zip(self.probabilities, self.delays_s, strict=True):
            if probability >= threshold:
                return probability, delay_s
        return None


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    What a threshold would have made of the history.

    Attributes:
        threshold: value that opens a lead.

        false_a_day: expected false leads a day: those of the days watched over these days; or, where that is more,
            those and the rejected leads of other minutes over `HISTORY_DAYS`.

        told: tracks that reach it, reviewed leads of watched minutes without a track included.

        recall: expected share of the real tracks that are told, of all that were followed; ``None`` without any.

        delay_s: mean seconds from the first box, weighed by how probable each is real; ``None`` without any.

        days: of watching that this rests on.
    """

    threshold: float
    false_a_day: float
    told: int
    recall: float | None
    delay_s: float | None
    days: float


@dataclass(slots=True)
class _Day:
    """
    One UTC day of a history.

    Attributes:
        watched_s: seconds watched.

        minutes: bit *m* is set where any of minute *m* was watched, so that what is kept is bounded however often a
            stream ends.

        climbs: the highest `MOST_CLIMBS` of its tracks.

        forgotten: tracks that reached less.
    """

    watched_s: float = 0.0
    minutes: int = 0
    climbs: list[Climb] = field(default_factory=list)
    forgotten: int = 0

    def watch(self, first: int, last: int, seconds: float) -> None:
        self.watched_s += seconds
        self.minutes |= (1 << last + 1) - (1 << first)

    def joined(self, other: "_Day") -> "_Day":
        return _Day(
            self.watched_s + other.watched_s,
            self.minutes | other.minutes,
            [*self.climbs, *other.climbs],
            self.forgotten + other.forgotten,
        )

    def add(self, climb: Climb) -> None:
        self.climbs.append(climb)
        if len(self.climbs) > MOST_CLIMBS:
            self.climbs.remove(min(self.climbs, key=lambda each: each.peak))
            self.forgotten += 1


class CameraHistory:
    """What one camera's tracks reached, day by day, at most `HISTORY_DAYS`."""

    def __init__(self) -> None:
        self._days: dict[date, _Day] = {}

    @property
    def days(self) -> float:
        """Days of watching, in whole and parts."""
        return math.fsum(day.watched_s for day in self._days.values()) / 86_400

    def watch(self, until: datetime, seconds: float, climbs: Sequence[Climb] = ()) -> None:
        """
        Add so many seconds watched up to `until`, in UTC, and the tracks that ended then; forget what is too old.

        They are seconds of the day of `until`.
        """
        day, since = until.date(), until - timedelta(seconds=seconds)
        kept = self._days.setdefault(day, _Day())
        kept.watch(_minute(since) if since.date() == day else 0, _minute(until), seconds)
        for climb in climbs:
            kept.add(climb)
        for old in [each for each in self._days if _is_forgotten(each, day)]:
            del self._days[old]

    @property
    def by_day(self) -> Mapping[date, _Day]:
        """Its days by UTC date."""
        return self._days

    def joined(self, other: "CameraHistory") -> "CameraHistory":
        """Return one history of both, as far as it reaches back from the newest day."""
        days = self._days | {day: self._days.get(day, _Day()).joined(kept) for day, kept in other.by_day.items()}
        newest = max(days, default=date.min)
        history = CameraHistory()
        history._days = {day: kept for day, kept in days.items() if not _is_forgotten(day, newest)}
        return history

    def watched(self, moment: datetime) -> bool:
        """Whether anything of the minute of `moment`, in UTC, was watched."""
        day = self._days.get(moment.date())
        return day is not None and bool(day.minutes >> _minute(moment) & 1)

    def forecast(
        self, threshold: float, verdicts: Verdicts = NO_VERDICTS, scale: Scale = Scale.PROBABILITY
    ) -> Forecast:
        """Return what `threshold` would have made of the days remembered."""
        told: list[tuple[float, float]] = []
        real = 0.0
        climbs, unwatched = self._leads(verdicts)
        for climb in climbs:
            verdict = verdicts.of(climb.confirmed)
            real += verdicts.share_real if scale is Scale.CONFIDENCE and verdict is None else _real(verdict, climb.peak)
            crossing = climb.crossing(threshold)
            if crossing is None:
                continue
            reached, delay_s = crossing
            worth = verdicts.share_real if scale is Scale.CONFIDENCE else reached
            told.append((_real(verdict, worth), delay_s))
        told_real = math.fsum(share for share, _ in told)
        wrong = math.fsum(1 - share for share, _ in told)
        others = sum(each.verdict is Verdict.FALSE and (each.score or 0.0) >= threshold for each in unwatched)
        a_day = max(wrong / max(self.days, LEAST_DAYS), (wrong + others) / HISTORY_DAYS)
        return Forecast(
            threshold=threshold,
            false_a_day=a_day if self.days > 0 else math.inf,
            told=len(told),
            recall=min(1.0, told_real / real) if real > 0 else None,
            delay_s=math.fsum(share * delay_s for share, delay_s in told) / told_real if told_real > 0 else None,
            days=self.days,
        )

    def threshold(self, most_a_day: float, limits: Range, verdicts: Verdicts = NO_VERDICTS) -> float:
        """
        Return the least value from `limits.least` on that keeps the budget; where none does, the strictest there is.

        Below `limits.fitted`, what the fit chose for all cameras, only a history that proves it goes (`UNSEEN`).
        """
        if self.days == 0:
            return limits.fitted
        strictest = STRICTEST if limits.scale is Scale.PROBABILITY else max(STRICTEST_CONFIDENCE, limits.least)
        for step in dict.fromkeys((limits.least, *_STEPS)):
            if not limits.least <= step <= strictest:
                continue
            told = self.forecast(step, verdicts, limits.scale).false_a_day
            unseen = UNSEEN / self.days if step < limits.fitted else 0.0
            if told + unseen <= most_a_day:
                return step
        return strictest

    def days_told(self, threshold: float) -> dict[date, tuple[float, int]]:
        """Return for each day that is remembered the seconds watched and the tracks that reached `threshold`."""
        return {
            day: (kept.watched_s, sum(climb.crossing(threshold) is not None for climb in kept.climbs))
            for day, kept in sorted(self._days.items())
        }

    def unwatched(self, verdicts: Verdicts) -> int:
        """Return of how many leads of the last two weeks something was said that came in minutes it did not watch."""
        return len(self._leads(verdicts)[1])

    def _leads(self, verdicts: Verdicts) -> tuple[list[Climb], list[LeadReview]]:
        """
        Return the climbs, and what was said of leads of the same two weeks that came in minutes it did not watch.

        A lead of a watched minute that is not among the climbs has one of its own: its track goes on, or it went on
        when the worker stopped.
        """
        climbs = [climb for day in self._days.values() for climb in day.climbs]
        known = {as_wire(climb.confirmed) for climb in climbs if climb.confirmed is not None}
        newest = max(self._days, default=None)
        unwatched = []
        for review in verdicts.reviews:
            if review.confirmed in known:
                continue
            if self.watched(review.confirmed):
                climbs += [] if review.score is None else [Climb((review.score,), (review.delay_s,), review.confirmed)]
            elif newest is None or not _is_forgotten(review.confirmed.date(), newest):
                unwatched.append(review)
        return climbs, unwatched

    def as_document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            day.isoformat(): {
                "watched_s": round(kept.watched_s, 3),
                "minutes": f"{kept.minutes:x}",
                "forgotten": kept.forgotten,
                "climbs": [_as_list(climb) for climb in kept.climbs],
            }
            for day, kept in sorted(self._days.items())
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `as_document` told; raise `ValueError`, `KeyError` or `TypeError` for anything else."""
        history = cls()
        for day, kept in document.items():
            history._days[date.fromisoformat(day)] = _Day(
                watched_s=float(kept["watched_s"]),
                minutes=_as_minutes(kept.get("minutes")),
                climbs=[_as_climb(*each) for each in kept["climbs"]],
                forgotten=int(kept["forgotten"]),
            )
        return history


def _is_forgotten(day: date, newest: date) -> bool:
    """Whether a day is older than a history that reaches to `newest`."""
    return day <= newest - timedelta(days=HISTORY_DAYS)


def _minute(moment: datetime) -> int:
    """Return the minute of the day."""
    return 60 * moment.hour + moment.minute


def _as_minutes(text: str | None) -> int:
    """Return the minutes of a day in a document; all of them where it was written before minutes were kept."""
    minutes = _ALL_MINUTES if text is None else int(text, 16)
    if not 0 <= minutes <= _ALL_MINUTES:
        raise ValueError(f"a day has {DAY_MINUTES} minutes, got {minutes.bit_length()}")
    return minutes


def _real(verdict: bool | None, probability: float) -> float:
    """Return how probable it is that something was real: what a reviewer said goes before anything else."""
    return probability if verdict is None else float(verdict)


def _as_list(climb: Climb) -> list[object]:
    values: list[object] = [list(climb.probabilities), list(climb.delays_s)]
    return values if climb.confirmed is None else [*values, climb.confirmed.isoformat()]


def _as_climb(probabilities: Sequence[float], delays_s: Sequence[float], confirmed: str | None = None) -> Climb:
    return Climb(
        tuple(map(float, probabilities)),
        tuple(map(float, delays_s)),
        None if confirmed is None else datetime.fromisoformat(confirmed),
    )


class Climber:
    """Follows one track up: keeps a probability where it is higher than any before."""

    def __init__(self) -> None:
        self._probabilities: list[float] = []
        self._delays_s: list[float] = []

    def observe(self, probability: float, delay_s: float) -> None:
        """Take in the track's probability so many seconds after its first box; steps below a hundredth are passed."""
        if probability >= (self._probabilities[-1] if self._probabilities else 0.0) + 0.01:
            self._probabilities.append(round(probability, 4))
            self._delays_s.append(round(delay_s, 3))

    @property
    def climb(self) -> Climb:
        """What it reached so far."""
        return Climb(tuple(self._probabilities), tuple(self._delays_s))
