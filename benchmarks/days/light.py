"""Light of the hour: what sun, clouds and weather make of sky and land at any second of a day, without a jump."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import numpy as np

from benchmarks.days.script import LAT, LON, Script
from benchmarks.days.wander import DAY_S, Wander, eased, ramp, strongest
from benchmarks.scenes.light import Plane, colour
from benchmarks.scenes.scene import Weather
from benchmarks.scenes.sky import MOODS, Mood
from streams.timing.clock import CaptureTime, UtcSource
from vision.plume.sun import sun_at

FIELD_DEG = 60.0
"""What a picture is wide."""

_EVERY_S = 300.0
_CLOSED = (Weather.OVERCAST, Weather.RAIN, Weather.FOG)


@dataclass(frozen=True, slots=True, eq=False)
class Hour:
    """
    The light of one moment. Colours are linear radiance ``(3,)``, BGR.

    Attributes:
        zenith, horizon: of the sky without clouds.

        lit, shaded: of a cloud's sunny side and of its base.

        cover, softness: as in `benchmarks.scenes.sky.Mood`.

        light: on the land; 1 is a clear noon.

        haze: radiance of what fog and rain scatter.

        fog: share of that in what is far.

        rain: opacity of the streaks.

        sun: radiance of the sun's disc where it is low; 0 where it is not.

        sun_at: its place as fractions of the picture's width and of the sky's height from the top.

        elevation_deg: of the sun.
    """

    zenith: Plane
    horizon: Plane
    lit: Plane
    shaded: Plane
    cover: float
    softness: float
    light: float
    haze: Plane
    fog: float
    rain: float
    sun: float
    sun_at: tuple[float, float]
    elevation_deg: float

    @property
    def is_dark(self) -> bool:
        """Whether people see by lamps."""
        return self.elevation_deg < -3


@dataclass(frozen=True, slots=True, eq=False)
class _Colours:
    """A mood's parts that can be mixed."""

    zenith: Plane
    horizon: Plane
    lit: Plane
    shaded: Plane
    light: float

    @classmethod
    def of(cls, mood: Mood) -> "_Colours":
        return cls(colour(*mood.zenith), colour(*mood.horizon), colour(*mood.lit), colour(*mood.shaded), mood.light)

    def dimmed(self, share: float) -> "_Colours":
        """Return the same under less light."""
        return _Colours(
            self.zenith * share, self.horizon * share, self.lit * share, self.shaded * share, self.light * share
        )


def _mixed(parts: list[tuple[float, _Colours]]) -> _Colours:
    """Return a mix by shares that add up to 1; light by its logarithm, as eyes and cameras take it."""

    def mean(of: Callable[[_Colours], Plane]) -> Plane:
        return np.asarray(sum(np.float32(share) * of(part) for share, part in parts), np.float32)

    return _Colours(
        mean(lambda one: one.zenith), mean(lambda one: one.horizon), mean(lambda one: one.lit),
        mean(lambda one: one.shaded), math.exp(sum(share * math.log(part.light) for share, part in parts)),
    )  # fmt: skip


_BY_MOOD = {weather: _Colours.of(mood) for weather, mood in MOODS.items()}


class Daylight:
    """The light of one camera's day."""

    def __init__(self, script: Script) -> None:
        self._script = script
        times = np.arange(0, DAY_S + 2 * _EVERY_S, _EVERY_S)
        suns = [sun_at(LAT, LON, capture_time(script, float(time_s))) for time_s in times]
        self._times = times
        self._elevation = np.array([sun.elevation_deg for sun in suns])
        self._azimuth = np.unwrap(np.array([sun.azimuth_deg for sun in suns]), period=360)
        self._veiled = Wander(script.seed, "sun behind clouds", 50.0, 0, 1)

    def elevation_deg(self, time_s: float) -> float:
        """Return the sun's elevation at a second of the day."""
        return float(np.interp(time_s, self._times, self._elevation))

    def at(self, time_s: float) -> Hour:
        """Return the light at a second of the day."""
        script, elevation = self._script, self.elevation_deg(time_s)
        sky = dict(script.sky(time_s))
        rain, fog = strongest(script.showers, time_s), strongest(script.fogs, time_s)
        wet = min(1.0, rain)
        if wet > 0:
            sky = {weather: share * (1 - wet) for weather, share in sky.items()} | {Weather.RAIN: wet}
        grey = min(1.0, fog / 0.6)
        if grey > 0:
            sky = {weather: share * (1 - grey) for weather, share in sky.items()} | {Weather.FOG: grey}
        facing = self._facing(time_s)
        colours = _mixed([(share, self._under(weather, elevation, facing)) for weather, share in sky.items()])
        direct = sum(share for weather, share in sky.items() if weather in {Weather.CLOUDY, Weather.LOW_CLOUD})
        shadow = 1 - 0.3 * direct * ramp(0.4, 0.75, self._veiled.at(time_s)) * ramp(0, 10, elevation)
        light = colours.light * shadow
        is_open = sum(share for weather, share in sky.items() if weather not in _CLOSED)
        low = ramp(-2.0, 0.5, elevation) * (1 - ramp(9, 14, elevation))
        thick = fog + MOODS[Weather.RAIN].fog * wet
        horizon = colours.horizon
        haze = (horizon + 2 * horizon.mean()) / 3 * np.float32(min(1.0, 0.35 + light))
        across = (float(np.interp(time_s, self._times, self._azimuth)) - script.eye.azimuth_deg + 180) % 360 - 180
        return Hour(
            zenith=colours.zenith,
            horizon=horizon,
            lit=colours.lit,
            shaded=colours.shaded,
            cover=sum(share * MOODS[weather].cover for weather, share in sky.items()),
            softness=sum(share * MOODS[weather].softness for weather, share in sky.items()),
            light=light,
            haze=np.asarray(haze, np.float32),
            fog=min(0.95, thick),
            rain=MOODS[Weather.RAIN].rain * rain,
            sun=MOODS[Weather.SUNSET].sun * low * is_open * facing,
            sun_at=(0.5 + across / FIELD_DEG, 1 - elevation / 24.0),
            elevation_deg=elevation,
        )

    def _facing(self, time_s: float) -> float:
        """Return how far the camera looks towards the sun: 1 right at it, 0 where it is beside or behind it."""
        azimuth = float(np.interp(time_s, self._times, self._azimuth))
        away = abs((azimuth - self._script.eye.azimuth_deg + 180) % 360 - 180)
        return 1 - eased((away - 25) / 55)

    def _under(self, weather: Weather, elevation: float, facing: float) -> _Colours:
        """Return the colours of a kind of sky with the sun so high."""
        day, rises, dawns = ramp(2, 12, elevation), ramp(-3, 2, elevation), ramp(-8, -3, elevation)
        high = _BY_MOOD[weather].dimmed(0.8 + 0.2 * ramp(8, 35, elevation))
        night = _BY_MOOD[Weather.NIGHT]
        if weather in _CLOSED:
            low, dusk = _BY_MOOD[weather].dimmed(0.5), _BY_MOOD[weather].dimmed(0.2)
        else:
            red = 0.25 + 0.75 * facing
            low = _mixed([(red, _BY_MOOD[Weather.SUNSET]), (1 - red, _BY_MOOD[weather].dimmed(0.45))])
            dusk = _mixed([(red, _BY_MOOD[Weather.DUSK]), (1 - red, _BY_MOOD[weather].dimmed(0.16))])
        parts = [
            (day, high),
            (rises - day * rises, low),
            (dawns * (1 - rises), dusk),
            ((1 - dawns) * (1 - rises), night),
        ]
        return _mixed([(share, part) for share, part in parts if share > 0])


def capture_time(script: Script, time_s: float) -> CaptureTime:
    """Return the two clocks of a picture at a second of the day."""
    pts_s = Fraction(time_s).limit_denominator(1000)
    utc = script.midnight + timedelta(seconds=time_s)
    return CaptureTime(pts_s, utc, UtcSource.RTCP, 0.1, 1)
