"""Readings of a package, as the printed report shows them: ``readings.csv``, one line for each 15-second reading."""

import csv
from dataclasses import dataclass
from datetime import datetime

SHOWN = 2000
"""A series longer than eight hours is cut: a page has no room for more dots."""


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One reading: seconds from the first, opacity in per cent, ``None`` where it is not valid, and why not."""

    at_s: float
    opacity_pct: float | None
    validity: str


def parse_readings(text: str) -> tuple[ReadingLine, ...]:
    """Return the readings in a package's ``readings.csv``; lines that hold neither time nor number are passed over."""
    lines: list[tuple[float, ReadingLine]] = []
    for row in csv.DictReader(text.splitlines()):
        at = _seconds(row)
        if at is None or len(lines) == SHOWN:
            continue
        validity = row.get("validity") or ""
        lines.append((at, ReadingLine(0.0, _percent(row.get("opacity_pct"), validity), validity)))
    if not lines:
        return ()
    first = min(at for at, _ in lines)
    return tuple(ReadingLine(at - first, line.opacity_pct, line.validity) for at, line in sorted(lines, key=_time))


def _time(line: tuple[float, ReadingLine]) -> float:
    return line[0]


def _seconds(row: dict[str, str]) -> float | None:
    for column in ("utc", "start_utc", "at_utc"):
        if row.get(column):
            try:
                return datetime.fromisoformat(row[column]).timestamp()
            except ValueError:
                return None
    for column in ("pts_s", "start_s", "at_s"):
        if row.get(column):
            try:
                return float(row[column])
            except ValueError:
                return None
    return None


def _percent(text: str | None, validity: str) -> float | None:
    if not text or validity not in {"", "valid"}:
        return None
    try:
        percent = float(text)
    except ValueError:
        return None
    return percent if 0 <= percent <= 100 else None
