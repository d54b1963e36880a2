"""
Ringelmann screening grades and what the standards make of a series of readings (domain.md 1.1-1.3).

Grades are for black and grey smoke only; white and coloured plumes have an opacity, never a grade. All of it is
screening; a grade that counts in court is read on site by HJ/T 398.
"""

import math
from collections.abc import Sequence

READING_S = 15.0
"""A reading every 15 s (HJ/T 398-2007, EPA Method 9)."""

ACCUMULATION_S = 120.0
"""A grade counts once it was reached for longer than this in `WINDOW_S`, added up (HJ/T 398-2007)."""

WINDOW_S = 1800.0
"""Span of an HJ/T 398 observation."""

METHOD_9_READINGS = 24
"""Consecutive readings of an EPA Method 9 average: six minutes."""

GRADES = (5, 4, 3, 2, 1)


def continuous_grade(opacity: float) -> float:
    """Return the grade of an opacity in [0, 1], with two decimals: 20 % a grade."""
    return round(min(max(opacity, 0.0), 1.0) * 5, 2)


def reported_grade(opacity: float) -> float:
    """Return the grade in quarters, rounded down."""
    return math.floor(continuous_grade(opacity) * 4) / 4


def accumulated_grade(grades: Sequence[float], *, reading_s: float = READING_S, limit_s: float = ACCUMULATION_S) -> int:
    """Return the highest whole grade reached for longer than ``limit_s``, added up over the readings (HJ/T 398)."""
    for grade in GRADES:
        if sum(reading >= grade for reading in grades) * reading_s > limit_s:
            return grade
    return 0


def exceeds(
    grades: Sequence[float], limit: float = 1.0, *, reading_s: float = READING_S, limit_s: float = ACCUMULATION_S
) -> bool:
    """
    Return whether the readings were above ``limit`` for longer than ``limit_s``, added up.

    "At most grade 1" is exceeded above 1, not at 1: a whole grade would hide readings of 1.25.
    """
    return sum(reading > limit for reading in grades) * reading_s > limit_s


def six_minute_means(opacities: Sequence[float | None]) -> list[float]:
    """
    Return the mean of every 24 consecutive readings (EPA Method 9), rolling; a break (``None``) starts anew.

    Empty where no 24 readings follow each other.
    """
    means: list[float] = []
    run: list[float] = []
    for opacity in opacities:
        if opacity is None:
            run.clear()
            continue
        run.append(opacity)
        if len(run) >= METHOD_9_READINGS:
            means.append(math.fsum(run[-METHOD_9_READINGS:]) / METHOD_9_READINGS)
    return means


def emission_frequency(emission_s: float, observed_s: float) -> float:
    """
    Return the share of the observed time in which anything was emitted (EPA Method 22).

    Raises `ValueError` where nothing was observed: no observation is not a frequency of 0.
    """
    if observed_s <= 0 or not 0 <= emission_s <= observed_s:
        raise ValueError(f"{emission_s} s of emission in {observed_s} s observed is no frequency")
    return emission_s / observed_s
