"""Schedules in local time."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from vision.config.schedule import Schedule, Span

BEIJING = ZoneInfo("Asia/Shanghai")
MONDAY_NIGHT = Span(frozenset({0}), time(20), time(6))
MONDAY_WORK = Span(frozenset({0}), time(8), time(17))
MONDAY_ALL = Span(frozenset({0}), time(0), time(0))


@pytest.mark.parametrize(
    ("spans", "local", "holds"),
    [
        ([], "2026-11-25 03:00", True),
        ([MONDAY_WORK], "2026-11-23 07:59", False),
        ([MONDAY_WORK], "2026-11-23 08:00", True),
        ([MONDAY_WORK], "2026-11-23 17:00", False),
        ([MONDAY_WORK], "2026-11-24 12:00", False),
        ([MONDAY_NIGHT], "2026-11-23 19:59", False),
        ([MONDAY_NIGHT], "2026-11-23 20:00", True),
        ([MONDAY_NIGHT], "2026-11-24 05:59", True),
        ([MONDAY_NIGHT], "2026-11-24 06:00", False),
        ([MONDAY_NIGHT], "2026-11-23 05:00", False),
        ([MONDAY_NIGHT], "2026-11-24 20:00", False),
        ([MONDAY_ALL], "2026-11-23 00:00", True),
        ([MONDAY_ALL], "2026-11-23 23:59", True),
        ([MONDAY_ALL], "2026-11-24 00:00", False),
        ([MONDAY_WORK, MONDAY_NIGHT], "2026-11-24 01:00", True),
    ],
)
def test_a_span_belongs_to_the_day_it_begins_on(spans: list[Span], local: str, *, holds: bool) -> None:
    """Spans hold from their begin to before their end, over midnight into the next day, in the zone's own time."""
    utc = datetime.fromisoformat(local).replace(tzinfo=BEIJING).astimezone(UTC)

    assert holds is Schedule(spans, BEIJING).holds(utc)


def test_night_of_sunday_reaches_into_monday() -> None:
    """The week wraps: Sunday's night ends on Monday morning."""
    sunday = Schedule([Span(frozenset({6}), time(22), time(4))], BEIJING)

    assert sunday.holds(datetime(2026, 11, 29, 19, tzinfo=UTC))  # Monday 03:00 in Beijing
    assert not sunday.holds(datetime(2026, 11, 29, 21, tzinfo=UTC))  # Monday 05:00
