"""Hours: spans of the week by local time, over midnight, and when they are over."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from api.contract.wire.zone import ZoneHours
from api.notify.hours import end_of, is_within

BEIJING = ZoneInfo("Asia/Shanghai")
NIGHT = ZoneHours.model_validate({"days": ["mon"], "from": "22:00", "to": "06:30"})
DAY = ZoneHours.model_validate({"from": "06:30", "to": "24:00"})


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


@pytest.mark.parametrize(
    ("spans", "local", "within"),
    [
        ([], "2026-11-23T12:00", False),
        ([NIGHT], "2026-11-23T21:59", False),
        ([NIGHT], "2026-11-23T22:00", True),
        ([NIGHT], "2026-11-24T06:29", True),
        ([NIGHT], "2026-11-24T06:30", False),
        ([NIGHT], "2026-11-24T22:00", False),
        ([NIGHT], "2026-11-23T03:00", False),
        ([DAY], "2026-11-23T23:59", True),
        ([DAY], "2026-11-23T00:00", False),
    ],
)
def test_a_span_counts_from_its_day_to_the_next(spans: Sequence[ZoneHours], local: str, within: bool) -> None:
    """A span of Monday that ends at or before its beginning goes on into Tuesday, and no other night."""
    assert is_within(spans, beijing(local), BEIJING) is within


def test_the_end_of_hours() -> None:
    """Outside it is now; inside, where the last of the spans that follow each other ends; never: a week later."""
    always = ZoneHours.model_validate({"from": "00:00", "to": "24:00"})
    start = beijing("2026-11-23T23:00")
    assert end_of([], start, BEIJING) == start
    assert end_of([NIGHT], start, BEIJING) == beijing("2026-11-24T06:30")
    assert end_of([NIGHT, DAY.model_copy(update={"to": "08:00"})], start, BEIJING) == beijing("2026-11-24T08:00")
    assert end_of([always], start, BEIJING) == beijing("2026-11-30T23:00")
