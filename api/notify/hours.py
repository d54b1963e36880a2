"""Hours: whether a moment lies in spans of the week, and when these are over."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.contract.wire.zone import Weekday, ZoneHours

_DAYS = list(Weekday)
_LONGEST = timedelta(days=7)
"""Spans that leave no gap are over after a week: nothing waits for ever."""


def is_within(spans: Sequence[ZoneHours], moment: datetime, zone: ZoneInfo) -> bool:
    """Whether an aware moment lies in a span, by the local time of `zone`; a span may begin the day before."""
    return _end_of_one(spans, moment, zone) is not None


def end_of(spans: Sequence[ZoneHours], moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment from `moment` on that lies in no span; a week later where there is none."""
    found = moment
    while found - moment < _LONGEST:
        end = _end_of_one(spans, found, zone)
        if end is None:
            return found
        found = end
    return moment + _LONGEST


def _end_of_one(spans: Sequence[ZoneHours], moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the latest end of the spans that hold a moment; ``None`` where none does."""
    today = moment.astimezone(zone).date()
    ends = []
    for span in spans:
        begin, end = _clock(span.from_), _clock(span.to)
        for day in (today - timedelta(days=1), today):
            if _DAYS[day.weekday()] not in span.days:
                continue
            last = day if begin < end else day + timedelta(days=1)
            first_at = datetime.combine(day, begin, zone).astimezone(moment.tzinfo)
            last_at = datetime.combine(last, end, zone).astimezone(moment.tzinfo)
            if first_at <= moment < last_at:
                ends.append(last_at)
    return max(ends, default=None)


def _clock(text: str) -> time:
    return time(0) if text == "24:00" else time.fromisoformat(text)
