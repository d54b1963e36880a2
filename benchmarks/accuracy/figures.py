"""Figures: shares, estimates and rates of a result file, each with its counts and its 95 % interval."""

import math
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

from benchmarks.accuracy import score
from models.interval import wilson


def _rounded(value: float) -> float:
    """Return `value` to five digits: more is noise. (A figure is not known to better than 1/1000 anywhere here.)"""
    return round(value, 5)


Number = Annotated[float, AfterValidator(_rounded)]


class Part(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Share(Part):
    """`hits` of `count`; `low` to `high` is its Wilson interval, 0 to 1 where nothing was counted."""

    hits: int
    count: int
    value: Number | None
    low: Number
    high: Number

    @classmethod
    def of(cls, hits: int, count: int) -> Self:
        """Return the share with its interval."""
        low, high = wilson(hits, count)
        return cls(hits=hits, count=count, value=hits / count if count else None, low=low, high=high)


class Estimate(Part):
    """A figure of a set of pictures; `low` to `high` by resampling them, 0 to 1 where they are too few."""

    value: Number | None
    low: Number
    high: Number

    @classmethod
    def of(cls, value: float, interval: tuple[float, float]) -> Self:
        """Return the estimate; NaN becomes no value."""
        return cls(value=None if math.isnan(value) else value, low=interval[0], high=interval[1])


class Rate(Part):
    """`count` events in `hours`; the interval is the exact one of a Poisson count."""

    count: int
    hours: Number
    per_hour: Number | None
    low: Number
    high: Number | None

    @classmethod
    def of(cls, count: int, hours: float) -> Self:
        """Return the rate; without any hours it is unknown."""
        low, high = score.poisson(count)
        if hours <= 0:
            return cls(count=count, hours=0.0, per_hour=None, low=0.0, high=None)
        return cls(count=count, hours=hours, per_hour=count / hours, low=low / hours, high=high / hours)
