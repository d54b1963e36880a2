"""
Sun: its position at a camera's place and time, and whether a reading is allowed under it (domain.md 1.6).

EPA Method 9 requires the sun in the sector of 140 degrees behind the observer; a plume lit from behind scatters light
forward and looks denser or brighter than it is.
"""

from dataclasses import dataclass

from astral import Observer
from astral.sun import zenith_and_azimuth

from streams.timing.clock import CaptureTime
from vision.plume.validity import Note, Refusal

SECTOR_DEG = 140.0
"""Width of the sector behind the observer in which the sun must stand (EPA Method 9)."""

LOW_DEG = 10.0
"""Elevation below which there is too little light, or light from too low (domain.md 1.6)."""

CLOCK_LIMIT_S = 600.0
"""Uncertainty of the clock, as of a file's, beyond which the sun is unknown: it moves by 2.5 degrees meanwhile."""


@dataclass(frozen=True, slots=True)
class Sun:
    """
    The sun at one moment.

    Attributes:
        azimuth_deg: clockwise from north.

        elevation_deg: above the horizon, refraction included.
    """

    azimuth_deg: float
    elevation_deg: float

    def angle_deg(self, view_azimuth_deg: float) -> float:
        """Return the angle on the horizon between a direction of view and the sun: 180 is right behind the camera."""
        return abs((self.azimuth_deg - view_azimuth_deg + 180) % 360 - 180)


def sun_at(lat: float, lon: float, time: CaptureTime) -> Sun:
    """
    Return the sun over a place (degrees north and east, WGS 84), by NOAA's equations (PyPI ``astral``).

    They hold to 0.01 degrees until 2100.
    """
    zenith, azimuth = zenith_and_azimuth(Observer(lat, lon), time.utc)
    return Sun(azimuth, 90 - zenith)


@dataclass(frozen=True, slots=True)
class SunVerdict:
    """
    Effect of the sun on a reading.

    Attributes:
        refusal: why there may be none; ``None`` where there may.

        notes: remarks for the reader.

        angle_deg: see `Sun.angle_deg`; ``None`` where it is not known.

        elevation_deg: likewise.
    """

    refusal: Refusal | None = None
    notes: tuple[Note, ...] = ()
    angle_deg: float | None = None
    elevation_deg: float | None = None


@dataclass(frozen=True, slots=True)
class SunRule:
    """
    Whether a camera may be read under the sun there is.

    Attributes:
        lat: degrees north; ``None`` where the camera's place is not known, as `lon` and `azimuth_deg`.

        lon: degrees east.

        azimuth_deg: direction it looks, clockwise from north.
    """

    lat: float | None = None
    lon: float | None = None
    azimuth_deg: float | None = None

    def at(self, time: CaptureTime) -> SunVerdict:
        """Return the verdict on a picture; an unknown sun refuses nothing and is noted."""
        if self.lat is None or self.lon is None or time.uncertainty_s > CLOCK_LIMIT_S:
            return SunVerdict(notes=(Note.SUN_UNKNOWN,))
        sun = sun_at(self.lat, self.lon, time)
        angle = None if self.azimuth_deg is None else sun.angle_deg(self.azimuth_deg)
        refusal = None
        if sun.elevation_deg < LOW_DEG:
            refusal = Refusal.LOW_SUN
        elif angle is not None and angle < 180 - SECTOR_DEG / 2:
            refusal = Refusal.SUN_IN_FRONT
        notes = (Note.SUN_UNKNOWN,) if angle is None else ()
        return SunVerdict(refusal, notes, angle, sun.elevation_deg)
