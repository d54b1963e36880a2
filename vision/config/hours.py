"""Hours: spans of the week as a configuration writes them, for rules and for zones."""

from collections.abc import Iterable
from datetime import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from api.contract.wire.zone import Weekday
from vision.config.schedule import Schedule, Span
from vision.config.section import Section


def _clock_time(value: Any) -> time:  # noqa: ANN401 (whatever TOML holds)
    """Return ``HH:MM`` (or a TOML local time) as a time; ``24:00`` is midnight, as the end of a day."""
    if isinstance(value, time):
        return value
    if isinstance(value, str):
        if value == "24:00":
            return time(0)
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f'expected a time of day like "06:30", got {value!r}')


ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class ScheduleConfig(Section):
    """A span of the week in the site's local time."""

    days: tuple[Weekday, ...] = Field(tuple(Weekday), min_length=1, description="Days on which the span begins.")
    from_: ClockTime = Field(alias="from", description='Local time at which it begins, `"HH:MM"`.')
    to: ClockTime = Field(
        description='Local time before which it ends, `"HH:MM"` or `"24:00"`; at or before `from` means the next day.'
    )

    def to_span(self) -> Span:
        """Return it with weekdays as numbers."""
        return Span(frozenset(list(Weekday).index(day) for day in self.days), self.from_, self.to)


def schedule_of(spans: Iterable[ScheduleConfig], zone: ZoneInfo) -> Schedule:
    """Return the schedule of some spans in the local time of `zone`; none at all is always."""
    return Schedule([span.to_span() for span in spans], zone)
