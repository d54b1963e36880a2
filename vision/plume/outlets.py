"""
Outlet watch: what is read above one outlet, every 15 seconds, from every picture that is analysed.

Pictures go into parts of 3 seconds. Parts in which nothing leaves the outlet become the clean background, against which
the next ones are read; a plume freezes it, and what it is held against grows older until it is too old. A function of
the pictures and boxes, in their order: the same file gives the same readings.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from models.detections import Xyxy
from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.config.sections import CameraConfig, ZoneConfig
from vision.config.zones import Outlet, ZoneKind
from vision.plume.plume import ABOVE, BLOCKS, OpacityReading, PlumeReader, refused
from vision.plume.readings import PlumeColour, Reading, ReadingSeries
from vision.plume.ringelmann import READING_S
from vision.plume.steam import SteamTest
from vision.plume.sun import SunRule, SunVerdict
from vision.plume.surroundings import Gathering, Part, Surroundings
from vision.plume.validity import Refusal, refused_in

PART_S = READING_S / BLOCKS
"""Seconds that are averaged before anything is made of them."""

CLEAN_PARTS = 10
"""Newest clean parts that make the background: half a minute."""

LEAST_CLEAN_PARTS = 2
"""Fewer say nothing of how still the background is."""

OLD_S = 600.0
"""Age of the background from which it is not what stands behind the plume now: shadows and light go their way."""

CHANGED = 0.06
"""Change above the lip, against what changes beside it, from which a part without boxes is not clean."""

LONGEST_STEP_S = 3.0
"""A picture vouches for what came after the one before it for so long at most: a patrol's interval, and a little."""

YOUNG_PICTURES = 10
"""
Pictures in which nothing is confirmed by a white plume that has just been boxed while it is not seen to go on: steam is
called by its name only once half of `vision.plume.steam.JUDGEMENTS` have seen it churn.
"""

SEEN_BY_PICTURES = 6
"""
Pictures after which that holds only for what is seen to churn: rendered steam has its
`vision.plume.dissipation.FAINT_LEVELS` by then, thin white smoke half of them.
"""

AWAY_PICTURES = 4
"""Pictures without a box after which the next one is of a new plume: one stray box does not make steam old."""

LEAST_WIDTH_PX = 6.0
"""Outlet width in the pictures that are read below which no texture is seen above it."""

FARTHEST_M = 400.0
"""Distance beyond which nothing is read (EPA Method 22; the air between adds light of its own)."""

BLACK, WHITE = 0.09, 0.45
"""
A plume's own light against the brightest of the picture, below and above which it is black and white. Rendered plumes
before houses, 20 to 100 % opaque: black 0.01 to 0.06, grey 0.13 to 0.26.
"""

COLOURED = 1.7
"""Factor between red and blue from which it has a colour."""

EVEN = 0.25
"""Most by which a black or grey plume before an even sky takes more of one colour than of another, of what it takes."""

DARK_SHARE = 0.9
"""Of the light of the darkest white plume: what is darker than this cannot be white, however thin."""

_SIDE, _UP, _DOWN = 1.0, 2.0, 0.5
"""Outlet widths to the sides of the outlet's middle, above and below its lip: a box that reaches there comes of it."""


_NOTHING = Part(None, 0, 0, 0.0)
"""A part without pictures."""


@dataclass(frozen=True, slots=True)
class Glance:
    """
    One analysed picture as an outlet watch sees it.

    Attributes:
        image: as it was analysed.

        time: of it.

        smoke: boxes of smoke, in its pixels.

        others: boxes of anything else.

        is_steady: False where the whole picture has just changed, or shows nothing.

        is_rain: whether rain or snow makes all of it restless.
    """

    image: BgrImage
    time: CaptureTime
    smoke: Sequence[Xyxy] = ()
    others: Sequence[Xyxy] = ()
    is_steady: bool = True
    is_rain: bool = False


@dataclass(slots=True)
class _Span:
    """The reading under way."""

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

        sun: of the camera; by default nothing is known of it.

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
        self._boxed = 0
        self._unboxed = 0
        self._steam: SteamTest | None = None
        self._span: _Span | None = None
        self._clean: deque[Part] = deque(maxlen=CLEAN_PARTS)
        self._waiting: Part | None = None
        self._emits = False
        self._clean_until: CaptureTime | None = None
        self._reader: PlumeReader | None = None

    @property
    def readings(self) -> Sequence[Reading]:
        """Readings of the last half hour of the newest picture's epoch, oldest first."""
        return self._series.readings

    def observe(self, glance: Glance) -> Reading | None:
        """Take in the next picture; return the reading that it completes."""
        self._meet(glance)
        span, done = self._span, None
        if span is not None and glance.time.seconds_since(span.start) >= READING_S:
            done, span = self._finish(span, glance.time), None
        if span is None:
            span = self._span = _Span(glance.time, glance.time, self._reader)
        else:
            self._close_parts(span, glance.time)
        smokes = any(self.reaches(box) for box in glance.smoke)
        self._count_boxed(smokes=smokes)
        if glance.is_steady:
            step_s = min(glance.time.seconds_since(span.last), LONGEST_STEP_S) if span.pictures else 0.0
            span.observed_s += step_s
            span.emission_s += step_s if smokes else 0.0
            is_white = self._test_steam(glance)
            span.steamy += self._steam is not None and self._steam.is_steam
            span.rainy += glance.is_rain
            self._gather(glance, touched=smokes or is_white or any(self.reaches(box) for box in glance.others))
        span.last = glance.time
        span.pictures += 1
        return done

    @property
    def is_emitting(self) -> bool:
        """Whether something other than steam stood above the lip in the newest part, whether it was boxed or not."""
        return self._emits and not (self._steam is not None and self._steam.is_steam)

    def withholds(self, box: Xyxy) -> bool:
        """Whether a box of smoke in the newest picture looks like condensed water of this outlet: no rule sees it."""
        return self._steam is not None and self.reaches(box) and self._steam.may_be_steam

    def defers(self, box: Xyxy) -> bool:
        """Whether it is not known yet if a box of smoke in the newest picture is condensed water of this outlet."""
        steam = self._steam
        if steam is None or not self.reaches(box):
            return False
        is_young = self._boxed <= (YOUNG_PICTURES if steam.is_made_out else SEEN_BY_PICTURES)
        return steam.is_open or (is_young and steam.is_undecided)

    def forget(self) -> None:
        """Begin anew: what comes next shows another place, or is of another epoch. Readings of the epoch stay."""
        self._surroundings = self._gathering = self._span = self._steam = None
        self._boxed = 0
        self._forget_background()

    def _meet(self, glance: Glance) -> None:
        """Forget what no longer compares with this picture."""
        self._series.enter(glance.time.epoch)
        height, width = glance.image.shape[:2]
        if (width, height) != self._size_wh:
            self._size_wh = (width, height)
            self.forget()
        elif self._span is not None and self._span.last.epoch != glance.time.epoch:
            self.forget()
        elif not glance.is_steady:
            self._surroundings = self._gathering = self._steam = None
            self._forget_background()
            if self._span is not None:
                self._span.reader = None
                self._span.parts = [_NOTHING] * len(self._span.parts)

    def _forget_background(self) -> None:
        self._clean.clear()
        self._waiting = self._clean_until = self._reader = None
        self._emits = False

    @property
    def _outlet(self) -> Outlet:
        return Outlet.of(self._polygon, self._size_wh)

    def reaches(self, box: Xyxy) -> bool:
        """Whether a box, in pixels of the newest picture, comes of this outlet."""
        outlet = self._outlet
        width, left, top, right, bottom = outlet.width_px, *box
        return (
            left < outlet.x + _SIDE * width
            and right > outlet.x - _SIDE * width
            and top < outlet.y + _DOWN * width
            and bottom > outlet.y - _UP * width
        )

    def _count_boxed(self, *, smokes: bool) -> None:
        """Count the pictures since smoke was first boxed here; what was away for a while is first boxed again."""
        self._unboxed = 0 if smokes else self._unboxed + 1
        if self._unboxed >= AWAY_PICTURES:
            self._boxed = 0
        elif smokes or self._boxed:
            self._boxed += 1

    def _test_steam(self, glance: Glance) -> bool:
        """Return whether steam may leave the outlet; rain churns like it, and nothing is told meanwhile."""
        if glance.is_rain:
            self._steam = None
            return False
        if self._steam is None:
            self._steam = SteamTest(self._outlet, self._size_wh)
        self._steam.observe(glance.image)
        return self._steam.may_be_steam

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
        """End the parts whose time is over; those without pictures are empty."""
        while len(span.parts) < BLOCKS and now.seconds_since(span.start) >= PART_S * (len(span.parts) + 1):
            gathering, self._gathering = self._gathering, None
            part = _NOTHING if gathering is None else gathering.part()
            span.parts.append(part)
            reader = span.reader or self._reader
            self._emits = part.mean is not None and reader is not None and reader.change(part) >= CHANGED
            span.changed += self._emits
            self._admit(part, span.last, touched=self._touched)

    def _finish(self, span: _Span, now: CaptureTime) -> Reading:
        """Return the reading of a span that is over."""
        self._close_parts(span, now)
        self._span = None
        reader = span.reader or self._reader
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
            background_age_s=self._age_s(span.start),
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
        """Return why nothing may be read above this outlet now, whatever is seen above it."""
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
        age_s = self._age_s(span.start)
        return Refusal.OLD_BACKGROUND if age_s is not None and age_s > OLD_S else None

    def _age_s(self, now: CaptureTime) -> float | None:
        return None if self._clean_until is None else max(0.0, now.seconds_since(self._clean_until))

    def _admit(self, part: Part, time: CaptureTime, *, touched: bool) -> None:
        """Let a part into the background once the next one is clean too: a plume is thin before it is seen."""
        reader, surroundings = self._reader, self._surroundings
        is_clean = part.mean is not None and not touched and (reader is None or reader.change(part) < CHANGED)
        if is_clean and self._waiting is not None and surroundings is not None:
            self._clean.append(self._waiting)
            self._clean_until = time
            if len(self._clean) >= LEAST_CLEAN_PARTS:
                self._reader = PlumeReader(surroundings, self._clean)
        self._waiting = part if is_clean else None


def _seen_s(span: _Span) -> float:
    """Return the observed seconds in whose parts something stood above the lip, whether it was boxed or not."""
    return min(PART_S * span.changed, span.observed_s)


def outlet_watches(camera: CameraConfig) -> list[OutletWatch]:
    """Return a watch for each outlet zone of a camera."""
    sun = SunRule(camera.lat, camera.lon, camera.azimuth_deg)
    return [OutletWatch(zone, sun) for zone in camera.zones if zone.kind is ZoneKind.OUTLET]


def colour_of(reading: OpacityReading, brightest: float) -> PlumeColour | None:
    """
    Return the colour class of a plume from its own light (domain.md 1.6); ``None`` where it is not told.

    `brightest` is the linear luminance of what is brightest in the picture: black and white are so in its light.
    """
    if brightest <= 0:
        return None
    if reading.own_light is None:
        return _dark_colour(reading, brightest)
    blue, green, red = (max(value, 1e-4) for value in reading.own_light)
    light = (blue + green + red) / 3 / brightest
    if light < BLACK:
        return PlumeColour.BLACK
    if red / blue > COLOURED:
        return PlumeColour.YELLOW
    if blue / red > COLOURED:
        return PlumeColour.BLUE
    return PlumeColour.WHITE if light > WHITE else PlumeColour.GREY


def _dark_colour(reading: OpacityReading, brightest: float) -> PlumeColour | None:
    """
    Return black or grey of a plume whose own light is not told, before an even sky, where it can be nothing else.

    It takes the same share of each colour, and what is left is darker than any white plume in this light.
    """
    if reading.least is None or reading.light is None or reading.behind is None:
        return None
    shares = [seen / max(behind, 1e-4) for seen, behind in zip(reading.light, reading.behind, strict=True)]
    light = sum(reading.light) / 3 / brightest
    if max(shares) >= 1 or max(shares) - min(shares) > EVEN * (1 - min(shares)) or light >= DARK_SHARE * WHITE:
        return None
    return PlumeColour.BLACK if light < BLACK else PlumeColour.GREY
