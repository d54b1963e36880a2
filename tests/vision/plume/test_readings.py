"""Readings of half an hour, and what they amount to."""

import pytest

from tests.vision.moments import moment
from vision.plume.readings import (
    MOST,
    PlumeColour,
    Reading,
    ReadingSeries,
    highest_mean,
    is_exceeded,
    lasting_grade,
    measurement_of,
    visible_frequency,
    whole_grade,
)
from vision.plume.validity import Refusal


def reading(
    number: int, opacity: float | None, colour: PlumeColour | None = PlumeColour.BLACK, *, least: float | None = None
) -> Reading:
    """Return the reading of the fifteen seconds of that number; without an opacity, one refused for its background."""
    return Reading(
        zone="stack",
        start=moment(15.0 * number),
        time=moment(15.0 * number + 14.5),
        refusal=Refusal.NO_CONTRAST if opacity is None else None,
        opacity=opacity,
        least=least,
        colour=colour,
        emission_s=15.0 if opacity else 0.0,
        observed_s=15.0,
    )


def test_no_readings_amount_to_nothing() -> None:
    """Nothing read is no measurement, no mean, no frequency and no excess."""
    assert measurement_of([]) is None
    assert (highest_mean([]), visible_frequency([]), lasting_grade([])) == (None, None, None)
    assert (is_exceeded([]), whole_grade([])) == (False, 0)


def test_a_reading_has_a_number_or_a_reason() -> None:
    """Neither both nor none: what is refused tells no opacity."""
    with pytest.raises(ValueError, match="either a number or a refusal"):
        Reading("stack", moment(0), moment(14), None)
    with pytest.raises(ValueError, match="either a number or a refusal"):
        Reading("stack", moment(0), moment(14), Refusal.DARK, 0.4)


@pytest.mark.parametrize(
    ("colour", "opacity", "least", "grade"),
    [
        (PlumeColour.BLACK, 0.26, None, 1.25),
        (PlumeColour.GREY, 0.299, 0.1, 1.25),
        (PlumeColour.GREY, None, 0.45, 2.25),
        (PlumeColour.WHITE, 0.9, None, None),
        (PlumeColour.YELLOW, 0.9, None, None),
        (None, 0.9, 0.9, None),
    ],
)
def test_only_black_and_grey_smoke_has_a_grade(
    colour: PlumeColour | None, opacity: float | None, least: float | None, grade: float | None
) -> None:
    """Quarters, rounded down; without a number the least opacity counts; other colours and unknown ones have none."""
    assert reading(0, opacity, colour, least=least).grade == grade


def test_half_an_hour_is_kept() -> None:
    """The oldest of 121 readings is forgotten, and all of them when the stream begins anew."""
    series = ReadingSeries(reading(number, 0.1) for number in range(MOST + 1))
    assert (len(series.readings), series.readings[0].start) == (MOST, moment(15.0))
    series.append(Reading("stack", moment(0, epoch=1), moment(14, epoch=1), Refusal.FEW_PICTURES))
    assert len(series.readings) == 1


def test_more_than_two_minutes_above_the_limit_exceed_it() -> None:
    """The vectors of domain.md 1.2: 8 readings of grade 2 do not count, 9 do, and 9 of 1.25 hide behind a whole 1."""
    eight = [reading(number, 0.45 if number < 8 else 0.1) for number in range(120)]
    nine = [reading(number, 0.45 if number < 9 else 0.1) for number in range(120)]
    slight = [reading(number, 0.27 if number < 9 else 0.21) for number in range(120)]
    assert (whole_grade(eight), lasting_grade(eight), is_exceeded(eight)) == (0, 0.5, False)
    assert (whole_grade(nine), lasting_grade(nine), is_exceeded(nine)) == (2, 2.25, True)
    assert (whole_grade(slight), lasting_grade(slight), is_exceeded(slight)) == (1, 1.25, True)


def test_what_was_refused_accuses_nobody() -> None:
    """Nine readings without a number exceed nothing; with a least opacity they do."""
    assert not is_exceeded([reading(number, None) for number in range(9)])
    assert is_exceeded([reading(number, None, least=0.5) for number in range(9)])


def test_six_minutes_need_every_reading() -> None:
    """24 readings in a row have a mean; one refused or missing among them starts anew."""
    assert highest_mean([reading(number, 0.3) for number in range(24)]) == pytest.approx(0.3)
    assert highest_mean([reading(number, None if number == 12 else 0.3) for number in range(24)]) is None
    assert highest_mean([reading(number + (number > 12), 0.3) for number in range(24)]) is None


def test_a_measurement_tells_the_peak_and_how_much_was_refused() -> None:
    """The highest reading with its colour, the numbers among the readings, the share of time with emission."""
    found = measurement_of([reading(0, 0.0), reading(1, 0.5), reading(2, None, least=0.6), reading(3, 0.2)])
    assert found is not None
    assert (found.validity, found.readings, found.valid) == ("valid", 4, 3)
    assert (found.opacity, found.least, found.peak_grade, found.grade) == (0.5, 0.6, 3.0, None)
    assert found.frequency == pytest.approx(0.5)


def test_a_measurement_without_a_number_says_the_usual_reason() -> None:
    """Where every reading was refused, the most frequent reason is told and no number."""
    dark = Reading("stack", moment(30), moment(44), Refusal.DARK)
    found = measurement_of([reading(0, None), reading(1, None), dark])
    assert found is not None
    assert (found.validity, found.opacity, found.sd, found.r2) == ("no_contrast", None, None, None)
