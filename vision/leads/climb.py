"""Climb: the highest values that one track reached, and how soon it reached each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Climb:
    """
    The rising maxima of one track: each value that was higher than all before.

    Attributes:
        probabilities: rising, each in [0, 1]; confidences where the budget's `vision.leads.budget.Scale` says so.

        delays_s: seconds from the track's first box to each.

        confirmed: when its rule confirmed it; ``None`` where it did not.

    Raises `ValueError` for columns of different lengths.
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
        """Return the first probability that is at least `threshold`, and its delay; ``None`` where there is none."""
        for probability, delay_s in zip(self.probabilities, self.delays_s, strict=True):
            if probability >= threshold:
                return probability, delay_s
        return None

    def as_list(self) -> list[object]:
        """Return it as JSON: probabilities, delays and, where it was confirmed, the time."""
        values: list[object] = [list(self.probabilities), list(self.delays_s)]
        return values if self.confirmed is None else [*values, self.confirmed.isoformat()]

    @classmethod
    def from_list(cls, probabilities: Sequence[float], delays_s: Sequence[float], confirmed: str | None = None) -> Self:
        """Return the climb of such a list; raise `ValueError` or `TypeError` for anything else."""
        return cls(
            tuple(map(float, probabilities)),
            tuple(map(float, delays_s)),
            None if confirmed is None else datetime.fromisoformat(confirmed),
        )


class Climber:
    """Follows one track: keeps each probability that is higher than all before."""

    def __init__(self) -> None:
        self._probabilities: list[float] = []
        self._delays_s: list[float] = []

    def observe(self, probability: float, delay_s: float) -> None:
        """Add the track's probability `delay_s` seconds after its first box; rises of less than 0.01 are left out."""
        if probability >= (self._probabilities[-1] if self._probabilities else 0.0) + 0.01:
            self._probabilities.append(round(probability, 4))
            self._delays_s.append(round(delay_s, 3))

    @property
    def climb(self) -> Climb:
        """What it reached so far."""
        return Climb(tuple(self._probabilities), tuple(self._delays_s))
