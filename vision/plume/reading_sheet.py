"""Reading sheet: ``readings.csv`` of an evidence package, a line for each 15 seconds, refusals included."""

import csv
import io
from collections.abc import Sequence

from api.contract.wire.moment import rfc3339
from vision.plume.readings import METHOD, Reading
from vision.plume.ringelmann import continuous_grade

COLUMNS = (
    "start_utc",
    "end_utc",
    "opacity_pct",
    "opacity_sd_pct",
    "least_opacity_pct",
    "grade",
    "grade_continuous",
    "colour",
    "validity",
    "r2",
    "contrast",
    "pictures",
    "emission_s",
    "observed_s",
    "background_age_s",
    "sun_angle_deg",
    "sun_elevation_deg",
    "notes",
    "method",
    "zone",
)
"""Columns of the sheet. An empty cell was not measured or is refused; notes are joined by semicolons."""


def reading_sheet(readings: Sequence[Reading]) -> bytes:
    """Return the readings as CSV (RFC 4180, UTF-8), in their order; the same readings give the same bytes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_row(reading) for reading in readings)
    return text.getvalue().encode("utf-8")


def _row(reading: Reading) -> list[str]:
    opacity = reading.least if reading.opacity is None else reading.opacity
    graded = reading.grade is not None and opacity is not None
    return [
        rfc3339(reading.start.utc),
        rfc3339(reading.time.utc),
        _percent(reading.opacity),
        _percent(None if reading.opacity is None else reading.sd),
        _percent(reading.least),
        _number(reading.grade, 2),
        _number(continuous_grade(opacity) if graded and opacity is not None else None, 2),
        "" if reading.colour is None else reading.colour.value,
        reading.validity,
        _number(None if reading.opacity is None else reading.r2, 4),
        _number(reading.contrast, 4),
        str(reading.pictures),
        _number(reading.emission_s, 2),
        _number(reading.observed_s, 2),
        _number(reading.background_age_s, 1),
        _number(reading.sun_angle_deg, 1),
        _number(reading.sun_elevation_deg, 1),
        ";".join(note.value for note in reading.notes),
        METHOD.replace(",", ";"),
        reading.zone,
    ]


def _percent(share: float | None) -> str:
    return _number(None if share is None else 100 * share, 1)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
