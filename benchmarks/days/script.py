"""Script: what happens before one camera on one day, drawn from its number and written down before it is rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.days.assumed import ASSUMED, BUSY, WORKING
from benchmarks.days.spots import GROUNDS, Ground, Spot
from benchmarks.days.wander import DAY_S, HOUR_S, Distance, Span, Wander
from benchmarks.scenes.light import seeded
from benchmarks.scenes.scene import Cloth, Colour, Kind, Place, SceneEvent, Weather

LAT, LON = 39.9, 116.4
"""Beijing."""

APART_S = 45 * 60.0
"""
From the end of a planted event to the next: what comes sooner at the same place is one lead (`vision.leads.merging`).
"""

_SEED = 7_000_000
_STACK = "stack smoke"
"""Twice as likely as others: it is what such a camera is there for."""

_SKIES = {Weather.CLEAR: 0.4, Weather.CLOUDY: 0.25, Weather.OVERCAST: 0.25, Weather.LOW_CLOUD: 0.1}
_TURN_S = 30 * 60.0
"""In which one sky turns into the next."""


@dataclass(frozen=True, slots=True)
class Sky:
    """A kind of sky from a second of the day on."""

    start_s: float
    weather: Weather


@dataclass(frozen=True, slots=True)
class Vent:
    """
    An outlet that lets off steam in shifts.

    Attributes:
        name: of the spot.

        event: at opacity 0.8; each shift begins at second 0 of it.

        shifts: when it runs, and how strongly.
    """

    name: str
    event: SceneEvent
    shifts: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """
    A real event: what has to become a lead.

    Attributes:
        name: what it is.

        start_s, end_s: seconds of the day.

        sources: what leaves where, from second 0 of the event on.

        classes: of lead that tell of it.
    """

    name: str
    start_s: float
    end_s: float
    sources: tuple[SceneEvent, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passing:
    """Dust for a while: behind a lorry, or where a load is tipped; `event` begins at second 0."""

    start_s: float
    end_s: float
    event: SceneEvent


@dataclass(frozen=True, slots=True)
class Eye:
    """
    The camera itself.

    Attributes:
        azimuth_deg: direction it looks, clockwise from north.

        noise_levels: of its sensor by day.

        vignette: relative loss of light in the corners.

        has_infrared: it switches to infra-red in the dark.

        has_zones: the stack that it sees is drawn as a zone.

        steps: when automatic exposure steps, and to what factor.
    """

    azimuth_deg: float
    noise_levels: float
    vignette: float
    has_infrared: bool
    has_zones: bool
    steps: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """
    One camera's day.

    Attributes:
        number: of the camera, from 1 on; with nothing else it gives all of this.

        seed: of everything random.

        place: what stands before it.

        ground: where in that place things happen.

        midnight: aware UTC of the day's first second, Beijing time.

        eye: the camera.

        skies: by their start, the first from midnight on.

        showers: of rain.

        fogs: of fog.

        gusts: that shake the mast; strength in pixels of a picture 640 wide.

        vents: of steam.

        dust: raised now and then.

        cloths: flags.

        planted: real events.

        drift: how far clouds have come, in units of `benchmarks.scenes.sky`.

        wind: outlet widths a second, to the right.
    """

    number: int
    seed: int
    place: Place
    ground: Ground
    midnight: datetime
    eye: Eye
    skies: tuple[Sky, ...]
    showers: tuple[Span, ...]
    fogs: tuple[Span, ...]
    gusts: tuple[Span, ...]
    vents: tuple[Vent, ...]
    dust: tuple[Passing, ...]
    cloths: tuple[Cloth, ...]
    planted: tuple[Planted, ...]
    drift: Distance
    wind: Wander

    def sky(self, time_s: float) -> Mapping[Weather, float]:
        """Return the shares of the kinds of sky at a second of the day; they add up to 1."""
        shares: dict[Weather, float] = {}
        for sky in self.skies:
            came = min(1.0, max(0.0, (time_s - sky.start_s) / _TURN_S)) if sky.start_s > 0 else 1.0
            if came <= 0:
                break
            came = came * came * (3 - 2 * came)
            shares = {weather: share * (1 - came) for weather, share in shares.items() if share * (1 - came) > 0}
            shares[sky.weather] = shares.get(sky.weather, 0.0) + came
        return shares

    def traffic(self, time_s: float) -> float:
        """Return vehicles an hour on the road at a second of the day."""
        return self.ground.vehicles_an_hour * busy(time_s)


def busy(time_s: float) -> float:
    """Return the traffic of a second of the day against the busiest hour's."""
    return float(np.interp(time_s / HOUR_S, np.arange(25) + 0.0, [*BUSY, BUSY[0]]))


def script_of(number: int) -> Script:
    """Return the day of camera `number`, from 1 on; the same number gives the same day."""
    seed = _SEED + number
    rng = seeded(seed, "camera")
    place = tuple(Place)[(number - 1) % len(Place)]
    ground = GROUNDS[place]
    day = int(seeded(seed, "date").integers(365))
    midnight = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) - timedelta(hours=8)
    windy = rng.random() < ASSUMED["windy days"].count
    month = (midnight + timedelta(hours=12)).month
    showers = _showers(seed, month)
    fogs = () if showers else _fogs(seed, month)
    wind_sign = 1 if rng.random() < 0.5 else -1
    strength = (1.6, 3.4) if windy else (0.3, 2.0)
    wind = Wander(seed, "wind", 900.0, *sorted(wind_sign * speed for speed in strength))
    skies = _skies(seed, showers)
    pace = Wander(seed, "clouds", 1800.0, 1.5 if windy else 0.4, 4.5 if windy else 2.0)
    script = Script(
        number=number,
        seed=seed,
        place=place,
        ground=ground,
        midnight=midnight,
        eye=_eye(seed, ground),
        skies=skies,
        showers=showers,
        fogs=fogs,
        gusts=_gusts(seed) if windy else (),
        vents=_vents(seed, ground),
        dust=(),
        cloths=_cloths(seed, ground),
        planted=(),
        drift=Distance([pace.at(10.0 * step + 5) for step in range(int(DAY_S / 10))], 10.0),
        wind=wind,
    )
    script = replace(script, dust=_dust(script))
    return replace(script, planted=_planted(script))


def _eye(seed: int, ground: Ground) -> Eye:
    rng = seeded(seed, "eye")
    steps = sorted(float(at) for at in rng.uniform(0, DAY_S, rng.poisson(ASSUMED["exposure steps"].count)))
    factors = [float(1 + rng.choice([-1, 1]) * rng.uniform(0.05, 0.15)) for _ in steps]
    return Eye(
        azimuth_deg=float(rng.uniform(0, 360)),
        noise_levels=float(rng.uniform(1.2, 2.6)),
        vignette=float(rng.uniform(0.1, 0.3)),
        has_infrared=bool(rng.random() < ASSUMED["cameras that switch to infra-red"].count),
        has_zones=ground.has_stack and bool(rng.random() < ASSUMED["drawn outlets"].count),
        steps=tuple(zip(steps, factors, strict=True)),
    )


def _skies(seed: int, showers: Sequence[Span]) -> tuple[Sky, ...]:
    rng = seeded(seed, "skies")
    kinds, chances = list(_SKIES), list(_SKIES.values())
    shortest, longest = ASSUMED["skies"].minutes
    skies, at = [], 0.0
    while at < DAY_S:
        skies.append(Sky(at, kinds[int(rng.choice(len(kinds), p=chances))]))
        at += 60 * float(rng.uniform(shortest, longest))
    for shower in showers:  # rain falls out of a closed sky, which closes in the hour before and opens after
        start, end = max(0.0, shower.start_s - HOUR_S), shower.end_s + HOUR_S / 2
        after = next((sky.weather for sky in reversed(skies) if sky.start_s <= end), Weather.CLOUDY)
        skies = [sky for sky in skies if not start <= sky.start_s <= end]
        skies += [Sky(start, Weather.OVERCAST), Sky(end, after)]
        skies.sort(key=lambda sky: sky.start_s)
    return tuple(skies)


def _showers(seed: int, month: int) -> tuple[Span, ...]:
    rng = seeded(seed, "showers")
    wet = ASSUMED["wet days"].count * (1.6 if 5 <= month <= 9 else 0.4)
    if rng.random() >= wet:
        return ()
    shortest, longest = ASSUMED["showers"].minutes
    starts = rng.uniform(0, DAY_S - longest * 60, 1 + rng.poisson(ASSUMED["showers"].count - 1))
    return tuple(
        Span(float(at), float(at) + 60 * float(rng.uniform(shortest, longest)), 120.0, float(rng.uniform(0.5, 1.2)))
        for at in sorted(starts)
    )


def _fogs(seed: int, month: int) -> tuple[Span, ...]:
    rng = seeded(seed, "fog")
    if rng.random() >= ASSUMED["foggy mornings"].count * (1.6 if month >= 10 or month <= 3 else 0.4):
        return ()
    start_s = float(rng.uniform(4.0, 6.5)) * HOUR_S
    shortest, longest = ASSUMED["foggy mornings"].minutes
    return (
        Span(start_s, start_s + 60 * float(rng.uniform(shortest, longest)) + HOUR_S, HOUR_S, rng.uniform(0.55, 0.85)),
    )


def _gusts(seed: int) -> tuple[Span, ...]:
    rng = seeded(seed, "gusts")
    shortest, longest = ASSUMED["gusts that shake the mast"].minutes
    starts = rng.uniform(0, DAY_S, rng.poisson(ASSUMED["gusts that shake the mast"].count))
    return tuple(
        Span(float(at), float(at) + 60 * float(rng.uniform(shortest, longest)), 2.0, float(rng.uniform(0.4, 1.6)))
        for at in sorted(starts)
    )


def _vents(seed: int, ground: Ground) -> tuple[Vent, ...]:
    vents = []
    for spot in ground.vents:
        rng = seeded(seed, "vent", spot.name)
        if rng.random() >= spot.chance:
            continue
        event = SceneEvent(Kind.STEAM, 0.0, 1e6, 0.8, Colour.WHITE, spot.at, spot.width)
        shortest, longest = ASSUMED["steam shifts"].minutes
        if spot.runs_all_day:
            shifts = [Span(-7200.0, DAY_S + 7200.0, 60.0)]
        else:
            hours = rng.uniform(0, DAY_S, rng.poisson(ASSUMED["steam shifts"].count))
            shifts = [
                Span(float(at), float(at) + 60 * float(rng.uniform(shortest, longest)), 8.0) for at in sorted(hours)
            ]
        vents.append(Vent(spot.name, event, _apart(shifts)))
    return tuple(vents)


def _apart(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the spans that do not begin before the one kept last has been over for ten minutes."""
    kept: list[Span] = []
    for span in spans:
        if not kept or span.start_s > kept[-1].end_s + 600:
            kept.append(span)
    return tuple(kept)


def _cloths(seed: int, ground: Ground) -> tuple[Cloth, ...]:
    rng = seeded(seed, "cloths")
    if ground.flag is None or rng.random() >= ASSUMED["cameras with a flag"].count:
        return ()
    return (Cloth(ground.flag.at, (ground.flag.width, ground.flag.width)),)


def _dust(script: Script) -> tuple[Passing, ...]:
    """Return what raises dust while it is dry: lorries on the road, loads on the ground."""
    if script.showers:
        return ()
    rng, ground = seeded(script.seed, "dust"), script.ground
    found = []
    hours = WORKING[1] - WORKING[0]
    if ground.is_dusty:
        count = rng.poisson(ASSUMED["lorries that raise dust"].count * hours)
        for at in rng.uniform(WORKING[0] * HOUR_S, WORKING[1] * HOUR_S, count):
            speed = float(rng.choice([-1, 1]) * rng.uniform(0.07, 0.12))
            way_s = 1.6 / abs(speed)
            event = SceneEvent(
                Kind.DUST, 0.0, way_s, float(rng.uniform(0.15, 0.5)), Colour.YELLOW, width=0.035, speed=speed
            )
            found.append(Passing(float(at), float(at) + way_s + 10, event))
    if ground.heap is not None and ground.is_dusty:
        shortest, longest = ASSUMED["loads tipped in dust"].minutes
        for at in rng.uniform(
            WORKING[0] * HOUR_S, WORKING[1] * HOUR_S, rng.poisson(ASSUMED["loads tipped in dust"].count)
        ):
            end_s = 60 * float(rng.uniform(shortest, longest))
            event = SceneEvent(
                Kind.DUST, 0.0, end_s, float(rng.uniform(0.3, 0.6)), Colour.YELLOW, ground.heap.at, ground.heap.width
            )
            found.append(Passing(float(at), float(at) + end_s + 10, event))
    return tuple(sorted(found, key=lambda one: one.start_s))


def _planted(script: Script) -> tuple[Planted, ...]:
    """Return the day's real events: each within a clock hour, `APART_S` apart, by night only what burns."""
    rng = seeded(script.seed, "planted")
    shortest, longest = ASSUMED["planted events"].minutes
    wanted = max(1, rng.poisson(ASSUMED["planted events"].count))
    dark = DARK_HOURS[(script.midnight + timedelta(hours=12)).month - 1]
    found: list[Planted] = []
    for _ in range(60):
        if len(found) >= wanted:
            break
        length_s = 60 * float(rng.uniform(shortest, longest))
        hour = int(rng.integers(24))
        start_s = round(hour * HOUR_S + float(rng.uniform(60, HOUR_S - length_s - 90)), 1)
        if any(start_s < one.end_s + APART_S and one.start_s < start_s + length_s + APART_S for one in found):
            continue
        is_dark = not dark[0] <= start_s / HOUR_S <= dark[1]
        kinds = _kinds(rng, script.ground, is_dark=is_dark)
        if not kinds:
            continue
        families = [*sorted(kinds), *(name for name in kinds if name == _STACK)]
        family = families[int(rng.integers(len(families)))]
        name, sources = kinds[family][int(rng.integers(len(kinds[family])))]
        timed = tuple(replace(source, start_s=0.0, end_s=length_s) for source in sources)
        classes = tuple(sorted({source.kind.value for source in timed}))
        found.append(Planted(name, start_s, start_s + length_s, timed, classes))
    return tuple(sorted(found, key=lambda one: one.start_s))


DARK_HOURS: Sequence[tuple[float, float]] = (
    (7.4, 17.4), (7.0, 17.9), (6.4, 18.4), (5.6, 18.9), (5.0, 19.4), (4.7, 19.7),
    (4.9, 19.7), (5.4, 19.2), (5.9, 18.4), (6.4, 17.6), (6.9, 17.1), (7.3, 17.0),
)  # fmt: skip
"""First and last hour of the day, by month, between which smoke can be seen: sunrise and sunset in Beijing."""


_Kinds = Mapping[str, Sequence[tuple[str, tuple[SceneEvent, ...]]]]
"""Events by family: what each is, and its sources."""


def _kinds(rng: np.random.Generator, ground: Ground, *, is_dark: bool) -> _Kinds:
    """Return what the place can show, by family, opacities as in the scenes' families; in the dark what burns."""
    families: dict[str, list[tuple[str, tuple[SceneEvent, ...]]]] = {}

    def smoke(opacities: Sequence[float], colours: Sequence[Colour], spot: Spot | None) -> tuple[str, SceneEvent]:
        opacity, colour = float(rng.choice(opacities)), Colour(rng.choice(list(colours)))
        at, width = (None, None) if spot is None else (spot.at, spot.width)
        return f"{colour} {{}} {opacity:.0%}", SceneEvent(Kind.SMOKE, 0, 0, opacity, colour, at, width)

    def add(family: str, name: str, *sources: SceneEvent) -> None:
        families.setdefault(family, []).append((name.format(family), sources))

    if ground.has_stack and not is_dark:
        add(_STACK, *smoke((0.4, 0.6, 0.8, 0.95), tuple(Colour), None))
    for spot in () if is_dark else ground.distant:
        add("distant smoke", *smoke((0.5, 0.7, 0.8, 0.9), (Colour.WHITE, Colour.GREY, Colour.BLACK), spot))
    for spot in ground.burning:
        colours = (Colour.WHITE, Colour.GREY, Colour.BLACK)
        if not is_dark:
            add("smouldering", *smoke((0.6, 0.7, 0.75, 0.85), colours, spot))
        fire = SceneEvent(Kind.FIRE, 0, 0, 0.9, Colour.YELLOW, spot.at, spot.width)
        above = Spot((spot.at[0], spot.at[1] - 0.7 * spot.width), 0.9 * spot.width)
        add("smoke of an open fire", *smoke((0.6, 0.75, 0.85), colours, above), fire)
        if is_dark or rng.random() < 0.5:
            add("flames", "flames", fire)
    return families
