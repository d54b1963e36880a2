"""Where the sun stands, and whether a reading is allowed under it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.timing.clock import FILE_UNCERTAINTY_S, CaptureTime, UtcSource
from tests.vision.moments import moment
from vision.plume.sun import Sun, SunRule, sun_at
from vision.plume.validity import Note, Refusal

TONGZHOU = (39.91, 116.65)
NOON = datetime(2026, 6, 21, 4, 15, tzinfo=UTC)
"""Within minutes of the highest sun of the year there."""


def at(utc: datetime, uncertainty_s: float = 1.0) -> CaptureTime:
    return replace(moment(0), utc=utc, source=UtcSource.ARRIVAL, uncertainty_s=uncertainty_s)


def test_the_solstice_noon_sun_stands_where_geometry_says() -> None:
    """At noon of the summer solstice the elevation is 90 - latitude + 23.44 degrees, due south."""
    sun = sun_at(*TONGZHOU, at(NOON))
    assert sun.elevation_deg == pytest.approx(90 - 39.91 + 23.44, abs=0.1)
    assert sun.azimuth_deg == pytest.approx(180, abs=3)


def test_the_equinox_sun_rises_in_the_east() -> None:
    """At sunrise of an equinox the azimuth is 90 degrees, wherever one stands."""
    sun = sun_at(0.0, 0.0, at(datetime(2026, 3, 20, 6, 4, tzinfo=UTC)))
    assert (sun.azimuth_deg, sun.elevation_deg) == (pytest.approx(90, abs=0.5), pytest.approx(0, abs=1.5))


@given(st.floats(0, 360), st.floats(0, 359.9))
def test_the_angle_is_between_0_and_180_and_turns_with_both(sun: float, view: float) -> None:
    """Turning camera and sun together changes nothing; the opposite direction is the rest of 180 degrees."""
    angle = Sun(sun, 30).angle_deg(view)
    assert 0 <= angle <= 180
    assert Sun(sun + 77, 30).angle_deg(view + 77) == pytest.approx(angle, abs=1e-6)
    assert Sun(sun + 180, 30).angle_deg(view) == pytest.approx(180 - angle, abs=1e-6)


@pytest.mark.parametrize(
    ("azimuth_deg", "refusal"),
    [(0.0, None), (69.0, None), (73.0, Refusal.SUN_IN_FRONT), (180.0, Refusal.SUN_IN_FRONT), (291.0, None)],
)
def test_the_sun_must_stand_in_the_sector_behind(azimuth_deg: float, refusal: Refusal | None) -> None:
    """At noon the camera may look north, and up to 70 degrees aside; not south."""
    noon = at(NOON - timedelta(minutes=1))
    sun = sun_at(*TONGZHOU, noon)
    verdict = SunRule(*TONGZHOU, azimuth_deg + sun.azimuth_deg - 180).at(noon)
    assert (verdict.refusal, verdict.notes) == (refusal, ())
    assert verdict.angle_deg == pytest.approx(Sun(180, 0).angle_deg(azimuth_deg), abs=0.01)


def test_a_low_sun_and_the_night_are_refused() -> None:
    """Half an hour before sunset, and at midnight."""
    rule = SunRule(*TONGZHOU, 0.0)
    assert rule.at(at(datetime(2026, 11, 27, 8, 20, tzinfo=UTC))).refusal is Refusal.LOW_SUN
    assert rule.at(at(datetime(2026, 11, 27, 16, 0, tzinfo=UTC))).refusal is Refusal.LOW_SUN


def test_what_is_not_known_is_noted_and_refuses_nothing() -> None:
    """Without a place, a direction or a clock that is right to minutes, the sun is nobody's argument."""
    midnight = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
    for rule, time in (
        (SunRule(), at(NOON)),
        (SunRule(*TONGZHOU, 180.0), at(midnight, FILE_UNCERTAINTY_S)),
        (SunRule(*TONGZHOU), at(NOON)),
    ):
        verdict = rule.at(time)
        assert (verdict.refusal, verdict.notes, verdict.angle_deg) == (None, (Note.SUN_UNKNOWN,), None)
