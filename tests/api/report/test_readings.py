"""Readings of a package as the report draws them."""

import pytest

from api.report.readings import ReadingLine, parse_readings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("utc,opacity_pct,validity\n", ()),
        (
            "utc,opacity_pct,validity\n2026-11-23T02:30:20Z,46.1,valid\n2026-11-23T02:30:05Z,,night\n",
            (ReadingLine(0.0, None, "night"), ReadingLine(15.0, 46.1, "valid")),
        ),
        ("start_s,opacity_pct,validity\n10,12,valid\nx,12,valid\n", (ReadingLine(0.0, 12.0, "valid"),)),
        ("start_s,opacity_pct,validity\n10,120,valid\n", (ReadingLine(0.0, None, "valid"),)),
    ],
)
def test_readings_are_read_in_order_of_time(text: str, expected: tuple[ReadingLine, ...]) -> None:
    """Seconds count from the first; what is not valid, not a number or no percentage has no opacity."""
    assert parse_readings(text) == expected
