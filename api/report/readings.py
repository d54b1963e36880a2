"""Readings of a package, as the printed report shows them: ``readings.csv``, one line for each 15-second reading."""

import csv
import math
from dataclasses import dataclass, replace
from datetime import datetime

SHOWN = 2000
"""A series longer than eight hours is cut: a page has no room for more dots."""


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """
    One reading.

    Attributes:
        at_s: seconds from the first.

        opacity_pct: in per cent; ``None`` where it is not valid.

        validity: ``valid``, or why not.

        sd_pct: standard deviation of the opacity, percentage points.

        grade: Ringelmann screening grade, where there is one.

        utc: when it began, aware; ``None`` where the file has only the stream's own clock.
    """

    at_s: float
    opacity_pct: float | None
    validity: str
    sd_pct: float | None = None
    grade: float | None = None
    utc: datetime | None = None


def parse_readings(text: str) -> tuple[ReadingLine, ...]:
    """Return the readings in a package's ``readings.csv``; lines that hold neither time nor number are passed over."""
    lines: list[ReadingLine] = []
    for row in csv.DictReader(text.splitlines()):
        at, utc = _time(row)
        if at is None or len(lines) == SHOWN:
            continue
        validity = row.get("validity") or ""
        opacity = _within(row.get("opacity_pct"), 100) if validity in {"", "valid"} else None
        has_number = opacity is not None
        sd = _within(row.get("opacity_sd_pct"), 100) if has_number else None
        grade = _within(row.get("grade"), 5) if has_number else None
        lines.append(ReadingLine(at, opacity, validity, sd, grade, utc))
    lines.sort(key=lambda line: line.at_s)
    return tuple(replace(line, at_s=line.at_s - lines[0].at_s) for line in lines)


def _time(row: dict[str, str]) -> tuple[float | None, datetime | None]:
    """Return the time of a reading in seconds of some clock, and its UTC if it has one."""
    for column in ("utc", "start_utc", "at_utc"):
        if row.get(column):
            try:
                utc = datetime.fromisoformat(row[column])
            except ValueError:
                return None, None
            return utc.timestamp(), utc if utc.tzinfo else None
    for column in ("pts_s", "start_s", "at_s"):
        if row.get(column):
            try:
                at = float(row[column])
            except ValueError:
                return None, None
            return at if math.isfinite(at) else None, None
    return None, None


def _within(text: str | None, most: float) -> float | None:
    """Return the number in a cell, ``None`` unless there is one from 0 to `most`."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number <= most else None
