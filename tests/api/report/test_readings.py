"""Readings of a package as the report draws them."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.report.readings import ReadingLine, parse_readings
from api.report.words import VALIDITIES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("utc,opacity_pct,validity\n", ()),
        (
            "utc,opacity_pct,validity\n2026-11-23T02:30:20Z,46.1,valid\n2026-11-23T02:30:05Z,,night\n",
            (
                ReadingLine(0.0, None, "night", utc=datetime(2026, 11, 23, 2, 30, 5, tzinfo=UTC)),
                ReadingLine(15.0, 46.1, "valid", utc=datetime(2026, 11, 23, 2, 30, 20, tzinfo=UTC)),
            ),
        ),
        ("start_s,opacity_pct,validity\n10,12,valid\nx,12,valid\n", (ReadingLine(0.0, 12.0, "valid"),)),
        (
            "start_s,opacity_pct,opacity_sd_pct,grade,validity\n5,46.1,3.2,2.25,valid\n20,46.1,3.2,2.25,dark\n",
            (ReadingLine(0.0, 46.1, "valid", 3.2, 2.25), ReadingLine(15.0, None, "dark")),
        ),
        ("start_s,opacity_pct,validity\n10,120,valid\n", (ReadingLine(0.0, None, "valid"),)),
    ],
)
def test_readings_are_read_in_order_of_time(text: str, expected: tuple[ReadingLine, ...]) -> None:
    """Seconds count from the first; what is not valid, not a number or no percentage has no opacity."""
    assert parse_readings(text) == expected


def test_every_refusal_has_the_glossary_s_word() -> None:
    """A reading without a number says why in the words of the glossary, both on paper and on the page."""
    glossary = (Path(__file__).resolve().parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", glossary, re.MULTILINE))
    assert rows
    for refusal, chinese in rows.items():
        assert VALIDITIES[refusal] == chinese, refusal
