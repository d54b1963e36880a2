"""Schedules: spans of the week in local time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Span:
    """
    A span of the day on some days of the week.

    Attributes:
        weekdays: days on which it begins; 0 is Monday.

        begin: local time of its first moment.

        end: local time of the first moment after it; at or before `begin` it lies on the next day.
    """

    weekdays: frozenset[int]
    begin: time
    end: time

    def holds(self, local: datetime) -> bool:
        """Whether the local time lies in the span, which may have begun the day before."""
        clock, today = local.time(), local.weekday()
        if self.begin < self.end:
            return today in self.weekdays and self.begin <= clock < self.end
        yesterday = (local - timedelta(days=1)).weekday()
        return (today in self.weekdays and clock >= self.begin) or (yesterday in self.weekdays and clock < self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Spans of the week in the time of one zone; no span at all means always."""

    spans: Sequence[Span]
    zone: ZoneInfo

    def holds(self, utc: datetime) -> bool:
        """Whether the aware time `utc` lies in a span."""
        if not self.spans:
            return True
        local = utc.astimezone(self.zone)
        return any(span.holds(local) for span in self.spans)


ALWAYS = Schedule((), ZoneInfo("UTC"))
"""Any time."""
