"""Moments: times of the wire are aware UTC, written as RFC 3339 with ``Z``; and the names of time zones."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from api.contract.fields import Word

_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""A day within what `datetime` can hold: sums and other zones stay within it too."""


def _written_out(moment: object) -> object:
    """Refuse a number, which pydantic takes for seconds since 1970, and a text that holds one."""
    if isinstance(moment, int | float) or (isinstance(moment, str) and ":" not in moment):
        raise ValueError("time must be written out, such as 2026-11-23T02:30:05Z")
    return moment


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("time must carry a zone")
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        utc = None
    if utc is None or not _EARLIEST <= utc <= _LATEST:
        raise ValueError("time must lie within the calendar in every zone")
    return utc


def rfc3339(moment: datetime) -> str:
    """Return an aware time as RFC 3339 UTC with milliseconds: ``2026-11-23T02:30:05.120Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def zone_name(name: str) -> str:
    """Return the name of a time zone; raise `ValueError` for one that this machine does not know."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone {name!r} on this machine (is the package tzdata installed?)") from None
    return name


UtcTime = Annotated[
    datetime,
    BeforeValidator(_written_out),
    AfterValidator(_as_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
ZoneName = Annotated[Word, AfterValidator(zone_name)]
