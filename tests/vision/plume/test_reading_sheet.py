"""The sheet of readings in a package: what is told, what is left empty, and that its readers understand it."""

import csv
from dataclasses import replace

from api.report.readings import parse_readings
from tests.vision.moments import moment
from vision.plume.reading_sheet import COLUMNS, reading_sheet
from vision.plume.readings import PlumeColour, Reading
from vision.plume.validity import Note, Refusal

READ = Reading(
    "东烟囱, DA001",
    moment(15),
    moment(29.5),
    None,
    opacity=0.4612,
    sd=0.021,
    least=0.4,
    colour=PlumeColour.BLACK,
    r2=0.91,
    contrast=0.05,
    pictures=30,
    emission_s=14.5,
    observed_s=14.5,
    background_age_s=2.0,
    sun_angle_deg=152.04,
    notes=(Note.OVERCAST, Note.BEYOND_STEAM),
)
REFUSED = replace(READ, start=moment(30), time=moment(44.5), opacity=None, refusal=Refusal.NO_CONTRAST)


def _rows(*readings: Reading) -> list[dict[str, str]]:
    return list(csv.DictReader(reading_sheet(readings).decode().splitlines()))


def test_without_readings_there_is_a_head_alone() -> None:
    """The columns, in their order, and nothing else."""
    assert reading_sheet([]).decode() == ",".join(COLUMNS) + "\r\n"


def test_a_reading_with_a_number_tells_it_with_everything_that_bears_on_it() -> None:
    """Opacity, uncertainty and both grades; a zone's name may hold a comma."""
    (row,) = _rows(READ)
    assert (row["start_utc"], row["opacity_pct"], row["opacity_sd_pct"]) == ("2026-11-23T02:00:15.000Z", "46.1", "2.1")
    assert (row["grade"], row["grade_continuous"], row["validity"]) == ("2.25", "2.31", "valid")
    assert (row["zone"], row["notes"], row["sun_angle_deg"]) == ("东烟囱, DA001", "overcast;beyond_steam", "152.0")


def test_a_refused_reading_has_no_number_but_its_reason() -> None:
    """Neither opacity nor its uncertainty nor R2: what the light alone proves is a bound, not a reading."""
    (row,) = _rows(REFUSED)
    assert (row["opacity_pct"], row["opacity_sd_pct"], row["r2"]) == ("", "", "")
    assert (row["validity"], row["least_opacity_pct"], row["grade"]) == ("no_contrast", "40.0", "2.00")


def test_the_printed_report_reads_the_sheet() -> None:
    """Its lines are those of the sheet: seconds from the first, per cent or nothing, validity."""
    lines = parse_readings(reading_sheet([READ, REFUSED]).decode())
    assert [(line.at_s, line.opacity_pct, line.validity) for line in lines] == [
        (0.0, 46.1, "valid"),
        (15.0, None, "no_contrast"),
    ]
