"""The alert calendar: which order is in force, in local time."""

from datetime import UTC, datetime

import pytest

from vision.config.alerts import AlertCalendar, AlertConfig


def alert(level: str, start: str, end: str) -> AlertConfig:
    """Return an alert that stops earthwork."""
    return AlertConfig.model_validate({"level": level, "from": start, "to": end, "measures": ["earthwork"]})


def test_without_alerts_none_is_in_force() -> None:
    """An empty calendar knows of nothing."""
    assert AlertCalendar().at(datetime(2026, 12, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("hour", "level"),
    [(15, None), (16, "yellow"), (20, "red"), (22, "yellow"), (23, "yellow")],
)
def test_the_gravest_alert_in_force_counts(hour: int, level: str | None) -> None:
    """Local times without an offset are Beijing's; the end is not in force any more."""
    calendar = AlertCalendar(
        [
            alert("yellow", "2026-12-01T00:00:00", "2026-12-02T00:00:00"),
            alert("red", "2026-12-01T04:00:00+08:00", "2026-12-01T06:00:00+08:00"),
        ]
    )
    found = calendar.at(datetime(2026, 11, 30, hour, tzinfo=UTC))
    assert (None if found is None else found.level.value) == level


def test_an_alert_must_end_after_it_begins() -> None:
    """A calendar that never holds is a mistake."""
    with pytest.raises(ValueError, match="to must be after from"):
        alert("red", "2026-12-02T00:00:00", "2026-12-01T00:00:00")
