"""
Verdicts: the reviews of one camera's leads, from the bus (`api.contract.bus.REVIEWS`).

The list always covers the last two weeks: reading it twice counts nothing twice, and a second review replaces the
first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

from api.contract.review import LeadReview, Verdict


@dataclass(frozen=True, slots=True)
class Verdicts:
    """
    The reviewed leads of one camera.

    Attributes:
        reviews: those of rules whose value a budget sets.

        elsewhere: those of other rules, whose threshold the budget does not set.
    """

    reviews: tuple[LeadReview, ...] = ()
    elsewhere: tuple[LeadReview, ...] = ()
    _by_time: Mapping[datetime, bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_time = {review.confirmed: review.verdict is Verdict.REAL for review in self.reviews}
        object.__setattr__(self, "_by_time", by_time)

    @classmethod
    def of_reviews(cls, reviews: Sequence[LeadReview], rules: frozenset[str]) -> Self:
        """Return the verdicts on a camera's leads; a budget sets the value of `rules`."""
        ours = tuple(review for review in reviews if review.rule in rules)
        return cls(ours, tuple(review for review in reviews if review.rule not in rules))

    def of(self, confirmed: datetime | None) -> bool | None:
        """Return whether the lead confirmed at that time was found real; ``None`` without a review."""
        return None if confirmed is None else self._by_time.get(as_wire(confirmed))

    @property
    def share_real(self) -> float:
        """
        The share of real leads among the reviewed ones (rule of succession): one half without reviews.

        It is used for leads without a review where no probability was fitted for the model.
        """
        return (sum(self._by_time.values()) + 1) / (len(self._by_time) + 2)

    @property
    def rejected_elsewhere(self) -> int:
        """Rejected leads of rules that the budget does not set."""
        return sum(review.verdict is Verdict.FALSE for review in self.elsewhere)

    def by_day(self) -> dict[date, tuple[int, int]]:
        """Return the real and the false leads of the budget's rules, by UTC day."""
        days: dict[date, tuple[int, int]] = {}
        for review in self.reviews:
            real, false = days.get(review.confirmed.date(), (0, 0))
            is_real = review.verdict is Verdict.REAL
            days[review.confirmed.date()] = (real + is_real, false + (not is_real))
        return days

    def as_document(self) -> list[dict[str, Any]]:
        """Return them as JSON."""
        return [review.model_dump(mode="json") for review in (*self.reviews, *self.elsewhere)]

    @classmethod
    def from_document(cls, document: Sequence[Mapping[str, Any]]) -> Self:
        """
        Return the verdicts of such a document, all as `elsewhere` until `sorted_by` is given the budget's rules.

        Raises `ValueError` for anything else.
        """
        return cls((), tuple(LeadReview.model_validate(each) for each in document))

    def sorted_by(self, rules: frozenset[str]) -> "Verdicts":
        """Return the same verdicts for a budget that sets `rules`."""
        return Verdicts.of_reviews((*self.reviews, *self.elsewhere), rules)


def as_wire(moment: datetime) -> datetime:
    """Return a time as in documents: cut to milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


NO_VERDICTS = Verdicts()
