"""
Budget: the probability at which one camera tells at most so many false leads a day, from its own history.

What each track of the last days reached, and how soon, is kept: its *climb*. Were leads opened at a probability *t*,
those tracks would have been leads that reached *t*; each is false with one less the probability it had there, which is
calibrated (`vision.belief`). So the history tells, for any *t*, the false leads a day, the share of what is real that
would still be told, and how long it takes. The least *t* within the operator's budget is the camera's own (decision
0028). A camera over a busy yard becomes stricter than one over a field, and the price is shown.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from vision.durable import write_durably
from vision.sections import Section

HISTORY_DAYS = 14
"""Days that are remembered: two weeks hold every weekday twice, and still follow the season's light."""

MOST_CLIMBS = 200
"""Climbs kept a day, the highest; a detector gone wild in rain gives thousands, and they are counted all the same."""

UNSEEN = 1.0
"""False leads that are assumed beside those seen: a day without any proves no rate below one (rule of succession)."""

STRICTEST = 0.99

_STEPS = tuple(round(0.01 * step, 2) for step in range(1, 100))


class BudgetConfig(Section):
    """How many false leads a camera may tell: see `vision.budget`."""

    false_leads_a_day: float = Field(
        0.0,
        ge=0,
        le=100,
        description="Most false leads a camera and day that are expected of it, by its own history of two weeks. The "
        "probability at which it opens leads follows, and the wall shows it with the recall and delay that it costs. "
        "0: no budget, every camera opens leads at the fitted probability. Small: a busy camera reports late and "
        "misses thin plumes. Rules that set `probability`, and `k_of_n`, are left alone.",
    )


@dataclass(frozen=True, slots=True)
class Climb:
    """
    The highest that one track had reached at each time: only what was higher than anything before.

    Attributes:
        probabilities: rising, each in [0, 1].

        delays_s: seconds from the track's first box to each.
    """

    probabilities: tuple[float, ...]
    delays_s: tuple[float, ...]

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
        threshold: probability that opens a lead.

        false_a_day: expected false leads a day.

        recall: expected share of the real tracks that are told, of all that were followed; ``None`` without any.

        delay_s: mean seconds from the first box, weighed by how probable each is real; ``None`` without any.

        days: of watching that this rests on.
    """

    threshold: float
    false_a_day: float
    recall: float | None
    delay_s: float | None
    days: float


@dataclass(slots=True)
class _Day:
    watched_s: float = 0.0
    climbs: list[Climb] = field(default_factory=list)
    forgotten: int = 0

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

    def watch(self, day: date, seconds: float, climbs: Sequence[Climb] = ()) -> None:
        """Add watched time and the tracks that ended in it, and forget what is older than the history."""
        kept = self._days.setdefault(day, _Day())
        kept.watched_s += seconds
        for climb in climbs:
            kept.add(climb)
        for old in [each for each in self._days if each <= day - timedelta(days=HISTORY_DAYS)]:
            del self._days[old]

    def forecast(self, threshold: float) -> Forecast:
        """Return what `threshold` would have made of the days remembered."""
        climbs = [climb for day in self._days.values() for climb in day.climbs]
        crossings = [crossing for climb in climbs if (crossing := climb.crossing(threshold)) is not None]
        real = math.fsum(climb.peak for climb in climbs)
        told = math.fsum(probability for probability, _ in crossings)
        wrong = math.fsum(1 - probability for probability, _ in crossings)
        return Forecast(
            threshold=threshold,
            false_a_day=wrong / self.days if self.days > 0 else math.inf,
            recall=min(1.0, told / real) if real > 0 else None,
            delay_s=math.fsum(p * delay_s for p, delay_s in crossings) / told if told > 0 else None,
            days=self.days,
        )

    def threshold(self, most_a_day: float, least: float, fitted: float) -> float:
        """
        Return the least probability from `least` on that keeps the budget; `STRICTEST` where none does.

        Below `fitted`, what the fit chose for all cameras, only a history that proves it goes (`UNSEEN`).
        """
        for step in _STEPS:
            if step < least:
                continue
            told = self.forecast(step).false_a_day
            unseen = UNSEEN / self.days if step < fitted and self.days > 0 else 0.0
            if self.days == 0:
                return fitted
            if told + unseen <= most_a_day:
                return step
        return STRICTEST

    def as_document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            day.isoformat(): {
                "watched_s": round(kept.watched_s, 3),
                "forgotten": kept.forgotten,
                "climbs": [[list(climb.probabilities), list(climb.delays_s)] for climb in kept.climbs],
            }
            for day, kept in sorted(self._days.items())
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `as_document` told; raise `ValueError`, `KeyError` or `TypeError` for anything else."""
        history = cls()
        for day, kept in document.items():
            climbs = [Climb(tuple(map(float, ps)), tuple(map(float, delays))) for ps, delays in kept["climbs"]]
            history._days[date.fromisoformat(day)] = _Day(float(kept["watched_s"]), climbs, int(kept["forgotten"]))
        return history


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


def read_history(path: Path) -> CameraHistory:
    """Return the history kept at `path`, an empty one where there is none; raise `ValueError` where it is damaged."""
    if not path.is_file():
        return CameraHistory()
    try:
        return CameraHistory.from_document(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: is not a camera's history") from error


def write_history(path: Path, history: CameraHistory) -> None:
    """Keep a history at `path`; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(history.as_document(), separators=(",", ":")).encode())


def history_path(folder: Path, camera: str) -> Path:
    """Return where a camera's history stands; ids hold nothing that a file's name may not (`streams.camera`)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", camera):
        raise ValueError(f"{camera!r} is no camera id")
    return folder / f"{camera}.json"
