"""Intervals of shares."""

import pytest

from models.interval import wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.27753), (5, 10, 0.23659, 0.76341), (10, 10, 0.72247, 1), (11, 225, 0.02753, 0.08547)],
)
def test_wilson_intervals(hits: int, count: int, low: float, high: float) -> None:
    """Known values of the Wilson score interval at 95 %; without trials nothing is known."""
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-4)
