"""Camera history: what one camera's tracks reached in two weeks, and what a threshold would have made of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from api.contract.bus import REVIEW_DAYS
from api.contract.review import LeadReview, Verdict
from vision.leads.budget import UNSEEN, Range, Scale
from vision.leads.climb import Climb
from vision.leads.history_day import HistoryDay, minute_of
from vision.leads.verdicts import NO_VERDICTS, Verdicts, as_wire

HISTORY_DAYS = REVIEW_DAYS
"""Days kept: two weeks hold every weekday twice and still follow the season."""

LEAST_DAYS = 1.0
"""A shorter history counts as one day: one false lead in its first hour does not prove twenty-four a day."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    The leads that a threshold would have opened.

    Attributes:
        threshold: value from which a lead is opened.

        false_a_day: expected false leads a day: those of the days watched over these days; or, where that is more,
            those and the rejected leads of other minutes over `HISTORY_DAYS`.

        told: tracks that reach it, with reviewed leads of watched minutes that have no track.

        recall: expected share of the real tracks that reach it; ``None`` without any.

        delay_s: mean seconds from the first box, weighted by the probability that each is real; ``None`` without any.

        days: of watching.
    """

    threshold: float
    false_a_day: float
    told: int
    recall: float | None
    delay_s: float | None
    days: float


class CameraHistory:
    """What one camera's tracks reached, by day, at most `HISTORY_DAYS`."""

    def __init__(self) -> None:
        self._days: dict[date, HistoryDay] = {}

    @property
    def days(self) -> float:
        """Days of watching, with their fractions."""
        return math.fsum(day.watched_s for day in self._days.values()) / 86_400

    def watch(self, until: datetime, seconds: float, climbs: Sequence[Climb] = ()) -> None:
        """
        Add the seconds watched up to `until`, in UTC, and the tracks that ended; forget the oldest days.

        The seconds count for the day of `until`.
        """
        day, since = until.date(), until - timedelta(seconds=seconds)
        kept = self._days.setdefault(day, HistoryDay())
        kept.watch(minute_of(since) if since.date() == day else 0, minute_of(until), seconds)
        for climb in climbs:
            kept.add(climb)
        for old in [each for each in self._days if _is_forgotten(each, day)]:
            del self._days[old]

    @property
    def by_day(self) -> Mapping[date, HistoryDay]:
        """Its days by UTC date."""
        return self._days

    def joined(self, other: "CameraHistory") -> "CameraHistory":
        """Return one history of both, of the last `HISTORY_DAYS` up to the newest day."""
        days = self._days | {day: self._days.get(day, HistoryDay()).joined(kept) for day, kept in other.by_day.items()}
        newest = max(days, default=date.min)
        history = CameraHistory()
        history._days = {day: kept for day, kept in days.items() if not _is_forgotten(day, newest)}
        return history

    def watched(self, moment: datetime) -> bool:
        """Whether any of the minute of `moment`, in UTC, was watched."""
        day = self._days.get(moment.date())
        return day is not None and bool(day.minutes >> minute_of(moment) & 1)

    def forecast(
        self, threshold: float, verdicts: Verdicts = NO_VERDICTS, scale: Scale = Scale.PROBABILITY
    ) -> Forecast:
        """Return the leads that `threshold` would have opened in the days kept."""
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
        Return the least value within `limits` that keeps the budget; where none does, the strictest.

        A value below `limits.fitted`, which the fit chose for all cameras, must also keep it with `UNSEEN` false leads
        more.
        """
        if self.days == 0:
            return limits.fitted
        for value in limits.values():
            false_a_day = self.forecast(value, verdicts, limits.scale).false_a_day
            unseen = UNSEEN / self.days if value < limits.fitted else 0.0
            if false_a_day + unseen <= most_a_day:
                return value
        return limits.strictest

    def days_told(self, threshold: float) -> dict[date, tuple[float, int]]:
        """Return for each day kept the seconds watched and the tracks that reached `threshold`."""
        return {
            day: (kept.watched_s, sum(climb.crossing(threshold) is not None for climb in kept.climbs))
            for day, kept in sorted(self._days.items())
        }

    def unwatched(self, verdicts: Verdicts) -> int:
        """Return how many reviewed leads of the last two weeks are of minutes that it did not watch."""
        return len(self._leads(verdicts)[1])

    def _leads(self, verdicts: Verdicts) -> tuple[list[Climb], list[LeadReview]]:
        """
        Return the climbs, and the reviews of leads of the same two weeks in minutes that it did not watch.

        A reviewed lead of a watched minute that is not among the climbs gets a climb: its track goes on, or went on
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
        return {day.isoformat(): kept.as_document() for day, kept in sorted(self._days.items())}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the history of such a document; raise `ValueError`, `KeyError` or `TypeError` for anything else."""
        history = cls()
        for day, kept in document.items():
            history._days[date.fromisoformat(day)] = HistoryDay.from_document(kept)
        return history


def _is_forgotten(day: date, newest: date) -> bool:
    """Whether a day is older than a history that reaches to `newest`."""
    return day <= newest - timedelta(days=HISTORY_DAYS)


def _real(verdict: bool | None, probability: float) -> float:
    """Return the probability that a lead was real: its verdict where there is one."""
    return probability if verdict is None else float(verdict)
