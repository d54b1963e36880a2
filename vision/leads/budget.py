"""
Budget: the value at which one camera opens at most so many false leads a day, chosen from its own history.

For each track of the last days its *climb* is kept: what it reached, and how soon (`vision.leads.climb`). Had leads
been opened at a value *t*, the tracks that reached *t* would have been leads. Whether such a lead is real follows from
its review; without a review, from its probability at *t* if that is calibrated (`vision.confirm.classifier`), else from
the share of this camera's reviewed leads that were real (`vision.leads.verdicts`). For any *t* the history thus gives
the false leads a day, the share of real events that is reported, and the delay. The least *t* within the operator's
budget is taken (decisions 0028 and 0049). A camera over a busy yard becomes stricter than one over a field; what that
costs is shown.

Leads are counted over the time in which they could occur: a history knows which minutes it watched. Reviews of leads of
other minutes, which another worker watched, count over the two weeks that reviews cover (decision 0072).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

UNSEEN = 1.0
"""False leads assumed beside those seen: a day without any does not prove a rate below one (rule of succession)."""

STRICTEST = 0.99
STRICTEST_CONFIDENCE = 0.8
"""Strictest confidence: dark smoke in full view reaches it, so that no camera goes blind."""

_STEPS = tuple(round(0.01 * step, 2) for step in range(1, 100))


class Scale(StrEnum):
    """What a budget sets: a calibrated probability (`vision.confirm.classifier`), or the confidence for *k* of *n*."""

    PROBABILITY = "probability"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class Range:
    """
    What a budget may set on a camera.

    Attributes:
        least: lowest value.

        fitted: the value without a budget.

        scale: what the value is.

        rules: ids of the rules it is set in.

        classifier_version: version of the weights that give the probabilities; empty for confidences.
    """

    least: float
    fitted: float
    scale: Scale = Scale.PROBABILITY
    rules: frozenset[str] = frozenset()
    classifier_version: str = ""

    @property
    def strictest(self) -> float:
        """The highest value."""
        return STRICTEST if self.scale is Scale.PROBABILITY else max(STRICTEST_CONFIDENCE, self.least)

    def values(self) -> Iterator[float]:
        """Yield the values to choose from, rising: the least, then steps of a hundredth up to the strictest."""
        for step in dict.fromkeys((self.least, *_STEPS)):
            if self.least <= step <= self.strictest:
                yield step
