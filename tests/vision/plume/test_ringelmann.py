"""Grades and the rules over series of readings, against the vectors of domain.md 1.1-1.3."""

import pytest

from vision.plume.ringelmann import (
    accumulated_grade,
    continuous_grade,
    emission_frequency,
    exceeds,
    reported_grade,
    six_minute_means,
)


@pytest.mark.parametrize(
    ("opacity", "continuous", "reported"),
    [(0.0, 0.0, 0.0), (0.2, 1.0, 1.0), (0.249, 1.25, 1.25), (0.24, 1.2, 1.0), (0.999, 5.0, 5.0), (1.02, 5.0, 5.0)],
)
def test_a_grade_is_a_fifth_of_full_opacity(opacity: float, continuous: float, reported: float) -> None:
    """Two decimals are kept; what is reported is in quarters and never rounded up."""
    assert (continuous_grade(opacity), reported_grade(opacity)) == (continuous, reported)


@pytest.mark.parametrize(
    ("grades", "accumulated", "is_over"),
    [
        ([], 0, False),
        ([0.5] * 112 + [2.0] * 8, 0, False),
        ([0.5] * 111 + [2.0] * 9, 2, True),
        ([1.0] * 120, 1, False),
        ([1.0] * 111 + [1.25] * 9, 1, True),
    ],
)
def test_two_minutes_in_thirty_must_be_passed(grades: list[float], accumulated: int, is_over: bool) -> None:
    """Exactly 120 s of a grade do not count, 135 s do; grade 1 itself complies with "at most 1"."""
    assert accumulated_grade(grades) == accumulated
    assert exceeds(grades) is is_over


def test_six_minutes_are_averaged_only_where_none_is_missing() -> None:
    """24 readings give one mean, 25 two; a break starts anew."""
    assert six_minute_means([0.2] * 23) == []
    assert six_minute_means([0.2] * 24) == [pytest.approx(0.2)]
    assert len(six_minute_means([0.2] * 25)) == 2
    assert six_minute_means([0.2] * 20 + [None] + [0.2] * 23) == []


def test_emission_frequency_needs_an_observation() -> None:
    """A minute in five is 20 %; nothing observed is an error, not 0 %."""
    assert emission_frequency(60, 300) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="no frequency"):
        emission_frequency(0, 0)
    with pytest.raises(ValueError, match="no frequency"):
        emission_frequency(301, 300)
