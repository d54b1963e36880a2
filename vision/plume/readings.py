"""
Readings: what was read above one outlet every 15 seconds, kept for half an hour, and what the standards make of it.

Everything here is a screening value and proves nothing (domain.md 1).
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from streams.timing.clock import CaptureTime
from vision.plume.ringelmann import (
    ACCUMULATION_S,
    READING_S,
    WINDOW_S,
    accumulated_grade,
    emission_frequency,
    exceeds,
    reported_grade,
    six_minute_means,
)
from vision.plume.validity import VALID, Note, Refusal

MOST = math.ceil(WINDOW_S / READING_S)
"""Readings of one outlet that are kept: the half hour of an HJ/T 398 observation, 120."""

METHOD = "texture regression against the clean background (screening)"
"""How opacity is measured, for `LeadMeasure.method`; decision 0022."""


class PlumeColour(StrEnum):
    """Colour class of a plume's own light (domain.md 1.6)."""

    BLACK = "black"
    GREY = "grey"
    WHITE = "white"
    YELLOW = "yellow"
    BLUE = "blue"

    @property
    def has_grade(self) -> bool:
        """Whether the Ringelmann scale applies: to black and grey smoke only."""
        return self in {PlumeColour.BLACK, PlumeColour.GREY}


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One reading of 15 seconds.

    Attributes:
        zone: name of the outlet's zone.

        start: the first picture of the reading.

        time: the last one.

        refusal: why there is no number; ``None`` where there is one.

        opacity: in [0, 1], the mean of these seconds; ``None`` where `refusal` says why.

        sd: its standard deviation; may be given without a number.

        least: the least opacity of a plume darker than its background, from its light alone. Holds without a number
            too; ``None`` where the light proves nothing.

        colour: class of the plume's own light; ``None`` where too little of it is seen.

        r2: share of what is seen that the background explains; near 0 before an opaque plume, whose reading is good.

        contrast: standard deviation of the background's texture, linear.

        pictures: that the reading is made of.

        emission_s: seconds of it in which something was seen leaving the outlet (EPA Method 22).

        observed_s: seconds of it that were seen at all.

        background_age_s: how long before the reading the outlet was last seen clean; ``None`` where it never was.

        sun_angle_deg: between the directions of view and of the sun, on the horizon: 180 is right behind the camera;
            ``None`` where position, direction or time are not known.

        sun_elevation_deg: of the sun above the horizon; ``None`` likewise.

        notes: remarks for its reader.
    """

    zone: str
    start: CaptureTime
    time: CaptureTime
    refusal: Refusal | None
    opacity: float | None = None
    sd: float | None = None
    least: float | None = None
    colour: PlumeColour | None = None
    r2: float = 0.0
    contrast: float = 0.0
    pictures: int = 0
    emission_s: float = 0.0
    observed_s: float = 0.0
    background_age_s: float | None = None
    sun_angle_deg: float | None = None
    sun_elevation_deg: float | None = None
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if (self.opacity is None) == (self.refusal is None):
            raise ValueError(f"a reading has either a number or a refusal, got {self.opacity} and {self.refusal}")

    @property
    def validity(self) -> str:
        """``valid``, or the refusal."""
        return VALID if self.refusal is None else self.refusal.value

    @property
    def grade(self) -> float | None:
        """
        The Ringelmann screening grade in quarters, rounded down; ``None`` but for black and grey smoke.

        Where opacity has no number, the grade is that of the least opacity: it is at least that.
        """
        opacity = self.least if self.opacity is None else self.opacity
        if opacity is None or self.colour is None or not self.colour.has_grade:
            return None
        return reported_grade(opacity)


class ReadingSeries:
    """The readings of one outlet's last `WINDOW_S`, at most `MOST`; oldest first."""

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        self._readings: deque[Reading] = deque(maxlen=MOST)
        for reading in readings:
            self.append(reading)

    @property
    def readings(self) -> Sequence[Reading]:
        """The readings, oldest first."""
        return tuple(self._readings)

    def enter(self, epoch: int) -> None:
        """Forget the readings of other epochs, whose times do not compare."""
        if self._readings and self._readings[-1].time.epoch != epoch:
            self._readings.clear()

    def append(self, reading: Reading) -> None:
        """Add the newest reading and forget what is older than `WINDOW_S` or of another epoch."""
        self._readings.append(reading)
        while not _within(self._readings[0], reading):
            self._readings.popleft()


def _within(old: Reading, new: Reading) -> bool:
    return old.time.epoch == new.time.epoch and new.time.seconds_since(old.start) <= WINDOW_S


def grades_of(readings: Sequence[Reading]) -> list[float]:
    """Return the grades of the readings that have one."""
    return [reading.grade for reading in readings if reading.grade is not None]


def is_exceeded(readings: Sequence[Reading], limit: float = 1.0, lasting_s: float = ACCUMULATION_S) -> bool:
    """
    Return whether the grade was above `limit` for longer than two minutes in all (HJ/T 398, domain.md 1.2).

    Refused readings count as not above it.
    """
    return exceeds(grades_of(readings), limit, limit_s=lasting_s)


def whole_grade(readings: Sequence[Reading]) -> int:
    """Return the whole grade that HJ/T 398 reports of half an hour."""
    return accumulated_grade(grades_of(readings))


def lasting_grade(readings: Sequence[Reading], lasting_s: float = ACCUMULATION_S) -> float | None:
    """
    Return the highest quarter grade reached for longer than `lasting_s` in all; ``None`` where none was.

    `whole_grade` in quarters: a limit of "at most 1" is exceeded by 1.25.
    """
    fewest = math.floor(lasting_s / READING_S) + 1
    grades = sorted(grades_of(readings), reverse=True)
    return grades[fewest - 1] if len(grades) >= fewest else None


def highest_mean(readings: Sequence[Reading]) -> float | None:
    """Return the highest opacity over six minutes without a break (EPA Method 9); ``None`` where there are none."""
    series: list[float | None] = []
    last: Reading | None = None
    for reading in readings:
        if last is not None and reading.start.seconds_since(last.time) > READING_S:
            series.append(None)
        series.append(reading.opacity)
        last = reading
    return max(six_minute_means(series), default=None)


def visible_frequency(readings: Sequence[Reading]) -> float | None:
    """Return the share of the observed time with visible emission (EPA Method 22); ``None`` where none was observed."""
    observed_s = math.fsum(reading.observed_s for reading in readings)
    emission_s = math.fsum(reading.emission_s for reading in readings)
    return emission_frequency(min(emission_s, observed_s), observed_s) if observed_s > 0 else None


@dataclass(frozen=True, slots=True)
class Measurement:
    """
    The result of a series of readings, for a lead. All of it is screening.

    Attributes:
        zone: name of the outlet's zone.

        method: how opacity was measured.

        validity: ``valid`` where `opacity` is a number; else the refusal that was the most frequent.

        readings: in the series.

        valid: those with a number.

        opacity: the highest of one reading, in [0, 1]; its `sd`, `r2`, `colour` and sun follow.

        least: the highest least opacity.

        grade: the quarter grade that lasted longer than two minutes (`lasting_grade`).

        peak_grade: the highest of one reading.

        six_minute_mean: the highest opacity over six minutes (EPA Method 9).

        frequency: share of the observed time with visible emission (EPA Method 22).
    """

    zone: str
    method: str
    validity: str
    readings: int
    valid: int
    opacity: float | None
    sd: float | None
    least: float | None
    grade: float | None
    peak_grade: float | None
    six_minute_mean: float | None
    frequency: float | None
    colour: PlumeColour | None
    r2: float | None
    sun_angle_deg: float | None
    notes: tuple[Note, ...]


def measurement_of(readings: Sequence[Reading]) -> Measurement | None:
    """Return the measurement of one outlet's readings; ``None`` where there are none."""
    if not readings:
        return None
    peak = max(readings, key=lambda reading: (reading.opacity is not None, reading.opacity or reading.least or 0.0))
    refusals = [reading.validity for reading in readings if reading.refusal is not None]
    return Measurement(
        zone=peak.zone,
        method=METHOD,
        validity=VALID if peak.opacity is not None else max(sorted(set(refusals)), key=refusals.count),
        readings=len(readings),
        valid=len(readings) - len(refusals),
        opacity=peak.opacity,
        sd=None if peak.opacity is None else peak.sd,
        least=max((reading.least for reading in readings if reading.least is not None), default=None),
        grade=lasting_grade(readings),
        peak_grade=max(grades_of(readings), default=None),
        six_minute_mean=highest_mean(readings),
        frequency=visible_frequency(readings),
        colour=peak.colour,
        r2=None if peak.opacity is None else peak.r2,
        sun_angle_deg=peak.sun_angle_deg,
        notes=tuple(sorted({note for reading in readings for note in reading.notes})),
    )
