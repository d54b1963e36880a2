"""
Outlet watch: a reading above one outlet every 15 seconds, from every analysed picture.

Pictures are averaged in parts of 3 seconds. Parts in which nothing leaves the outlet become the clean background; parts
with a plume are read against it. While there is a plume the background is not updated, until it is too old. Readings
depend on the pictures and boxes alone: the same file gives the same readings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.detections import Xyxy
from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.config.camera import CameraConfig, ZoneConfig
from vision.config.zones import Outlet, ZoneKind
from vision.plume.clean_background import CHANGED, CleanBackground
from vision.plume.outlet_steam import OutletSteam
from vision.plume.plume import ABOVE, BLOCKS, OpacityReading, PlumeReader, refused
from vision.plume.plume_colour import colour_of
from vision.plume.readings import Reading, ReadingSeries
from vision.plume.ringelmann import READING_S
from vision.plume.sun import SunRule, SunVerdict
from vision.plume.surroundings import Gathering, Part, Surroundings
from vision.plume.validity import Refusal, refused_in

PART_S = READING_S / BLOCKS
"""Seconds whose pictures are averaged."""

OLD_S = 600.0
"""Age from which the background is not used: light and shadows have changed."""

LONGEST_STEP_S = 3.0
"""Most seconds that count as observed between two pictures: a patrol's interval and a margin."""

LEAST_WIDTH_PX = 6.0
"""Least outlet width in the analysed pictures: above a narrower one no texture is seen."""

FARTHEST_M = 400.0
"""Distance beyond which nothing is read (EPA Method 22: the air between adds light)."""

_SIDE, _UP, _DOWN = 1.0, 2.0, 0.5
"""Outlet widths to the sides of the middle, above and below the lip: a box that reaches there belongs to the outlet."""

_NOTHING = Part(None, 0, 0, 0.0)
"""A part without pictures."""


@dataclass(frozen=True, slots=True)
class Glance:
    """
    One analysed picture as an outlet watch sees it.

    Attributes:
        image: as it was analysed.

        time: when it was taken.

        smoke: boxes of smoke, in its pixels.

        others: boxes of other classes.

        is_steady: False where the whole picture has just changed or the camera has a fault.

        is_rain: whether there is rain or snow in it.
    """

    image: BgrImage
    time: CaptureTime
    smoke: Sequence[Xyxy] = ()
    others: Sequence[Xyxy] = ()
    is_steady: bool = True
    is_rain: bool = False


@dataclass(slots=True)
class _Span:
    """The reading in progress."""

    start: CaptureTime
    last: CaptureTime
    reader: PlumeReader | None
    parts: list[Part] = field(default_factory=list)
    pictures: int = 0
    steamy: int = 0
    rainy: int = 0
    observed_s: float = 0.0
    emission_s: float = 0.0
    changed: int = 0


class OutletWatch:
    """
    Watches one outlet of one camera.

    Args:
        zone: of kind `ZoneKind.OUTLET`.

        sun: rule for the camera; by default the sun's position is unknown.

    Attributes:
        zone: name of the zone.
    """

    def __init__(self, zone: ZoneConfig, sun: SunRule | None = None) -> None:
        self.zone = zone.name
        self._polygon = zone.polygon
        self._distance_m = zone.distance_m
        self._sun = sun or SunRule()
        self._series = ReadingSeries()
        self._size_wh = (0, 0)
        self._surroundings: Surroundings | None = None
        self._gathering: Gathering | None = None
        self._touched = False
        self._steam = OutletSteam()
        self._span: _Span | None = None
        self._background = CleanBackground()
        self._emits = False

    @property
    def readings(self) -> Sequence[Reading]:
        """Readings of the last half hour of the newest picture's epoch, oldest first."""
        return self._series.readings

    def observe(self, glance: Glance) -> Reading | None:
        """Add the next picture; return the reading that it completes."""
        self._meet(glance)
        span, done = self._span, None
        if span is not None and glance.time.seconds_since(span.start) >= READING_S:
            done, span = self._finish(span, glance.time), None
        if span is None:
            span = self._span = _Span(glance.time, glance.time, self._background.reader)
        else:
            self._close_parts(span, glance.time)
        smokes = any(self.reaches(box) for box in glance.smoke)
        self._steam.count(smokes=smokes)
        if glance.is_steady:
            step_s = min(glance.time.seconds_since(span.last), LONGEST_STEP_S) if span.pictures else 0.0
            span.observed_s += step_s
            span.emission_s += step_s if smokes else 0.0
            self._steam.observe(glance.image, self._outlet, is_rain=glance.is_rain)
            is_white = self._steam.may_be_steam
            span.steamy += self._steam.is_steam
            span.rainy += glance.is_rain
            self._gather(glance, touched=smokes or is_white or any(self.reaches(box) for box in glance.others))
        span.last = glance.time
        span.pictures += 1
        return done

    @property
    def is_emitting(self) -> bool:
        """Whether something other than steam was above the lip in the newest part, boxed or not."""
        return self._emits and not self._steam.is_steam

    def withholds(self, box: Xyxy) -> bool:
        """Whether a box of smoke in the newest picture may be steam of this outlet; then rules do not get it."""
        return self._steam.may_be_steam and self.reaches(box)

    def defers(self, box: Xyxy) -> bool:
        """Whether it is not known yet if a box of smoke in the newest picture is steam of this outlet."""
        return self._steam.is_unknown and self.reaches(box)

    def forget(self) -> None:
        """Start again: the next picture shows another place or another epoch. Readings of the epoch stay."""
        self._surroundings = self._gathering = self._span = None
        self._steam.forget()
        self._forget_background()

    def _meet(self, glance: Glance) -> None:
        """Forget what cannot be compared with this picture."""
        self._series.enter(glance.time.epoch)
        height, width = glance.image.shape[:2]
        if (width, height) != self._size_wh:
            self._size_wh = (width, height)
            self.forget()
        elif self._span is not None and self._span.last.epoch != glance.time.epoch:
            self.forget()
        elif not glance.is_steady:
            self._surroundings = self._gathering = None
            self._steam.end_test()
            self._forget_background()
            if self._span is not None:
                self._span.reader = None
                self._span.parts = [_NOTHING] * len(self._span.parts)

    def _forget_background(self) -> None:
        self._background.forget()
        self._emits = False

    @property
    def _outlet(self) -> Outlet:
        return Outlet.of(self._polygon, self._size_wh)

    def reaches(self, box: Xyxy) -> bool:
        """Whether a box, in pixels of the newest picture, belongs to this outlet."""
        outlet = self._outlet
        width, left, top, right, bottom = outlet.width_px, *box
        return (
            left < outlet.x + _SIDE * width
            and right > outlet.x - _SIDE * width
            and top < outlet.y + _DOWN * width
            and bottom > outlet.y - _UP * width
        )

    def _gather(self, glance: Glance, *, touched: bool) -> None:
        if self._surroundings is None:
            try:
                self._surroundings = Surroundings(glance.image, self._outlet)
            except ValueError:
                return
        if self._gathering is None:
            self._gathering, self._touched = Gathering(self._surroundings, ABOVE), False
        self._gathering.add(glance.image)
        self._touched |= touched

    def _close_parts(self, span: _Span, now: CaptureTime) -> None:
        """Close the parts whose time is over; those without pictures are empty."""
        while len(span.parts) < BLOCKS and now.seconds_since(span.start) >= PART_S * (len(span.parts) + 1):
            gathering, self._gathering = self._gathering, None
            part = _NOTHING if gathering is None else gathering.part()
            span.parts.append(part)
            reader = span.reader or self._background.reader
            self._emits = part.mean is not None and reader is not None and reader.change(part) >= CHANGED
            span.changed += self._emits
            self._background.admit(part, span.last, self._surroundings, touched=self._touched)

    def _finish(self, span: _Span, now: CaptureTime) -> Reading:
        """Return the reading of a span that is over."""
        self._close_parts(span, now)
        self._span = None
        reader = span.reader or self._background.reader
        sun = self._sun.at(span.last)
        found = self._read(span, reader, sun)
        reading = Reading(
            zone=self.zone,
            start=span.start,
            time=span.last,
            refusal=found.refusal,
            opacity=found.opacity,
            sd=found.sd,
            least=found.least,
            colour=None if reader is None else colour_of(found, reader.brightest),
            r2=found.r2,
            contrast=found.contrast,
            pictures=found.pictures,
            emission_s=span.emission_s if found.refusal else max(span.emission_s, _seen_s(span)),
            observed_s=span.observed_s,
            background_age_s=self._background.age_s(span.start),
            sun_angle_deg=sun.angle_deg,
            sun_elevation_deg=sun.elevation_deg,
            notes=sun.notes,
        )
        self._series.append(reading)
        return reading

    def _read(self, span: _Span, reader: PlumeReader | None, sun: SunVerdict) -> OpacityReading:
        refusal = sun.refusal or self._refusal(span, sun)
        if refusal is not None:
            return refused(refusal, span.pictures)
        if reader is None:
            return refused(Refusal.NO_CLEAN_BACKGROUND, span.pictures)
        return reader.read(span.parts)

    def _refusal(self, span: _Span, sun: SunVerdict) -> Refusal | None:
        """Return why nothing may be read above this outlet now; ``None`` where nothing forbids it."""
        if self._distance_m is not None and self._distance_m > FARTHEST_M:
            return Refusal.TOO_FAR
        if self._outlet.width_px < LEAST_WIDTH_PX:
            return Refusal.NARROW_OUTLET
        if 2 * span.rainy > span.pictures:
            return Refusal.WEATHER
        air = [part.air for part in span.parts if part.air is not None]
        if (refusal := refused_in(air, is_sun_known=sun.elevation_deg is not None)) is not None:
            return refusal
        if 2 * span.steamy > span.pictures:
            return Refusal.STEAM
        age_s = self._background.age_s(span.start)
        return Refusal.OLD_BACKGROUND if age_s is not None and age_s > OLD_S else None


def _seen_s(span: _Span) -> float:
    """Return the observed seconds in whose parts something was above the lip, boxed or not."""
    return min(PART_S * span.changed, span.observed_s)


def outlet_watches(camera: CameraConfig) -> list[OutletWatch]:
    """Return a watch for each outlet zone of a camera."""
    sun = SunRule(camera.lat, camera.lon, camera.azimuth_deg)
    return [OutletWatch(zone, sun) for zone in camera.zones if zone.kind is ZoneKind.OUTLET]
