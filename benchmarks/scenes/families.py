"""
Families: scenes by kind, in two sets that share no seed and no place.

`Split.DEVELOP` is there to fit confirmation and thresholds on; `Split.HELD_OUT` is only ever scored, and shows other
places, seeds and sizes (decision 0025). Within a family scenes differ in weather, wind, noise, shake and strength.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from benchmarks.scenes.scene import (
    CameraFault,
    Cloth,
    Colour,
    FogBank,
    Kind,
    Lens,
    LookAlike,
    Place,
    Scene,
    SceneEvent,
    Weather,
)
from vision.scene.health import PictureFault

START_S = 5.0
"""When sources begin: before, a camera sees its place clean."""

SECONDS = 20.0
FAULT_SECONDS = 70.0
FAULT_START_S = 22.0
"""Faults have to be told within 60 s; what a camera usually shows has to be learnt before."""

FPS = 4.0
"""Two pictures for each that is analysed in focus."""


class Split(StrEnum):
    """What a scene may be used for."""

    DEVELOP = "develop"
    HELD_OUT = "held-out"


Spot = tuple[float, float, float]
"""A source's x, y and width as fractions of the picture."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where a split's scenes are set: its seeds, places, sizes, and spots in those places."""

    seed: int
    stack: Place
    street: Place
    yard: Place
    far: Place
    fire: Spot
    heap: Spot
    distant: tuple[Spot, ...]
    sizes_wh: tuple[tuple[int, int], ...]
    mirror: int


_GROUNDS = {
    Split.DEVELOP: _Ground(
        seed=10_000,
        stack=Place.WORKS,
        street=Place.STREET,
        yard=Place.YARD,
        far=Place.HILLS,
        fire=(0.44, 0.705, 0.055),
        heap=(0.60, 0.86, 0.07),
        distant=((0.34, 0.53, 0.006), (0.62, 0.50, 0.009), (0.48, 0.545, 0.012)),
        sizes_wh=((1280, 720),),
        mirror=1,
    ),
    Split.HELD_OUT: _Ground(
        seed=20_000,
        stack=Place.POWER_PLANT,
        street=Place.AVENUE,
        yard=Place.DEPOT,
        far=Place.VALLEY,
        fire=(0.80, 0.66, 0.05),
        heap=(0.30, 0.80, 0.08),
        distant=((0.66, 0.45, 0.007), (0.30, 0.43, 0.008), (0.55, 0.50, 0.011)),
        sizes_wh=((1280, 720), (1600, 900), (960, 540)),
        mirror=-1,
    ),
}

_QUIET_LENS = Lens()
_NOISY = Lens(noise_levels=3.0)
_DRIFT = Lens(noise_levels=2.0, exposure_drift=0.12)
_SHAKY = Lens(noise_levels=2.4, shake_px=1.2)
_LENSES = (_QUIET_LENS, _NOISY, _DRIFT, _SHAKY)


def family_scenes(split: Split) -> tuple[Scene, ...]:
    """Return the split's scenes, family by family; names are unique over both."""
    ground = _GROUNDS[split]
    found: list[Scene] = []
    for number, (family, scenes) in enumerate(_families(ground)):
        for index, scene in enumerate(scenes):
            name = f"{family}-{index + 1}"
            found.append(
                replace(
                    scene,
                    name=name if split is Split.DEVELOP else f"held-{name}",
                    seed=ground.seed + 100 * number + index,
                    size_wh=ground.sizes_wh[(number + index) % len(ground.sizes_wh)],
                    wind=scene.wind * ground.mirror,
                    family=family,
                )
            )
    return tuple(found)


def _families(ground: _Ground) -> Iterator[tuple[str, list[Scene]]]:
    yield "stack-smoke", _stack_smoke(ground)
    yield "open-burning", _open_burning(ground)
    yield "flames", _flames(ground)
    yield "distant-smoke", _distant_smoke(ground)
    yield "vehicle-smoke", _vehicle_smoke(ground)
    yield "steam", _steam(ground)
    yield "clouds", _clouds(ground)
    yield "fog", _fog(ground)
    yield "headlights", _headlights(ground)
    yield "rain", _rain(ground)
    yield "vehicles", _vehicles(ground)
    yield "red-cloth", _red_cloth(ground)
    yield "dust", _dust(ground)
    yield "camera", _camera(ground)
    yield "fault", _faults(ground)


def _scene(place: Place, weather: Weather, *events: SceneEvent, wind: float = 2.2, lens: Lens = _QUIET_LENS) -> Scene:
    return Scene("", 0, place, weather, events, fps=FPS, seconds=SECONDS, wind=wind, lens=lens)


def _smoke(opacity: float, colour: Colour, spot: Spot | None = None, *, end_s: float = 99.0) -> SceneEvent:
    at, width = ((spot[0], spot[1]), spot[2]) if spot else (None, None)
    return SceneEvent(Kind.SMOKE, START_S, end_s, opacity, colour, at, width)


def _stack_smoke(ground: _Ground) -> list[Scene]:
    weathers = (Weather.CLEAR, Weather.CLOUDY, Weather.OVERCAST, Weather.LOW_CLOUD)
    scenes = []
    for row, colour in enumerate(Colour):
        for column, opacity in enumerate((0.4, 0.6, 0.8, 0.95)):
            weather, lens = weathers[(row + column) % 4], _LENSES[(row + 2 * column) % 4]
            wind = (2.2, -1.6, 3.0, 0.7)[(row * 3 + column) % 4]
            scenes.append(_scene(ground.stack, weather, _smoke(opacity, colour), wind=wind, lens=lens))
    return scenes


def _burning(spot: Spot, opacity: float, colour: Colour, *, heat: float = 0.9) -> tuple[SceneEvent, ...]:
    x, y, width = spot
    return (
        _smoke(opacity, colour, (x, y - 0.7 * width, 0.9 * width)),
        SceneEvent(Kind.FIRE, START_S, 99.0, heat, Colour.YELLOW, (x, y), width),
    )


def _open_burning(ground: _Ground) -> list[Scene]:
    return [
        _scene(ground.yard, Weather.CLEAR, *_burning(ground.fire, 0.75, Colour.GREY), wind=1.0),
        _scene(ground.yard, Weather.OVERCAST, *_burning(ground.heap, 0.85, Colour.BLACK), wind=-1.4, lens=_NOISY),
        _scene(ground.yard, Weather.DUSK, *_burning(ground.heap, 0.6, Colour.WHITE), wind=0.8, lens=_DRIFT),
        _scene(ground.yard, Weather.CLOUDY, _smoke(0.7, Colour.WHITE, ground.heap), wind=1.6, lens=_SHAKY),
    ]


def _flames(ground: _Ground) -> list[Scene]:
    x, y, width = ground.heap
    fire = SceneEvent(Kind.FIRE, START_S, 99.0, 0.9, Colour.YELLOW, (x, y), width)
    bin_fire = replace(fire, at=ground.fire[:2], width=ground.fire[2])
    return [
        _scene(ground.yard, Weather.NIGHT, fire, lens=_NOISY),
        _scene(ground.yard, Weather.DUSK, replace(bin_fire, width=0.03)),
        _scene(ground.yard, Weather.OVERCAST, bin_fire, lens=_SHAKY),
    ]


def _distant_smoke(ground: _Ground) -> list[Scene]:
    near, middle, far = ground.distant
    return [
        _scene(ground.far, Weather.CLEAR, _smoke(0.7, Colour.WHITE, near), wind=2.0),
        _scene(ground.far, Weather.CLOUDY, _smoke(0.8, Colour.GREY, middle), wind=-1.2, lens=_NOISY),
        _scene(ground.far, Weather.OVERCAST, _smoke(0.9, Colour.BLACK, far), wind=1.0),
        _scene(ground.far, Weather.CLEAR, _smoke(0.5, Colour.GREY, far), wind=0.6, lens=_DRIFT),
    ]


def _vehicle_smoke(ground: _Ground) -> list[Scene]:
    def passing(opacity: float, colour: Colour, speed: float, start_s: float = START_S) -> SceneEvent:
        way = 1.6 / abs(speed)
        return SceneEvent(Kind.SMOKE, start_s, start_s + way, opacity, colour, speed=speed)

    return [
        replace(_scene(ground.street, Weather.OVERCAST, passing(0.9, Colour.BLACK, 0.09)), vehicles=2),
        replace(_scene(ground.street, Weather.CLEAR, passing(0.8, Colour.BLACK, -0.12), lens=_NOISY), vehicles=3),
        replace(_scene(ground.stack, Weather.CLOUDY, passing(0.9, Colour.BLACK, 0.08)), vehicles=1),
        replace(_scene(ground.street, Weather.CLOUDY, passing(0.7, Colour.GREY, -0.08)), vehicles=2),
    ]


def _quiet(scene: Scene, look_alike: LookAlike, *, vehicles: int = 0) -> Scene:
    return replace(scene, look_alike=look_alike, vehicles=vehicles)


def _steam(ground: _Ground) -> list[Scene]:
    whole = SceneEvent(Kind.STEAM, -20.0, 1e6, 0.9, Colour.WHITE)
    begins = replace(whole, start_s=START_S)
    vent = replace(begins, at=ground.heap[:2], width=0.03, opacity=0.7)
    scenes = [
        _scene(ground.stack, Weather.CLEAR, whole),
        _scene(ground.stack, Weather.CLOUDY, begins, wind=-1.4, lens=_NOISY),
        _scene(ground.stack, Weather.OVERCAST, begins, wind=0.6, lens=_DRIFT),
        _scene(ground.yard, Weather.CLEAR, vent, wind=0.8),
        _scene(ground.stack, Weather.SUNSET, whole, wind=1.6, lens=_SHAKY),
    ]
    return [_quiet(scene, LookAlike.STEAM, vehicles=number % 3) for number, scene in enumerate(scenes)]


def _clouds(ground: _Ground) -> list[Scene]:
    low = replace(_scene(ground.far, Weather.LOW_CLOUD), cloud_speed=3.5)
    return [
        _quiet(low, LookAlike.CLOUDS),
        _quiet(replace(_scene(ground.stack, Weather.LOW_CLOUD, lens=_NOISY), cloud_speed=5.0), LookAlike.CLOUDS),
        _quiet(replace(_scene(ground.far, Weather.CLOUDY, lens=_SHAKY), cloud_speed=2.0), LookAlike.CLOUDS),
        _quiet(replace(_scene(ground.yard, Weather.CLOUDY), cloud_speed=4.0), LookAlike.CLOUDS),
        _quiet(_scene(ground.far, Weather.SUNSET), LookAlike.SUNSET),
        _quiet(replace(_scene(ground.stack, Weather.SUNSET, lens=_DRIFT), cloud_speed=3.0), LookAlike.SUNSET),
    ]


def _fog(ground: _Ground) -> list[Scene]:
    bank = FogBank(3.0, 15.0, 0.85)
    return [
        _quiet(replace(_scene(ground.far, Weather.OVERCAST), fog=bank), LookAlike.FOG),
        _quiet(replace(_scene(ground.stack, Weather.CLEAR, lens=_NOISY), fog=FogBank(4, 18, 0.6)), LookAlike.FOG),
        _quiet(_scene(ground.street, Weather.FOG), LookAlike.FOG, vehicles=3),
        _quiet(replace(_scene(ground.yard, Weather.DUSK, lens=_NOISY), fog=FogBank(4, 16, 0.7)), LookAlike.FOG),
    ]


def _headlights(ground: _Ground) -> list[Scene]:
    def lit(scene: Scene, oncoming: int, vehicles: int) -> Scene:
        return _quiet(replace(scene, oncoming=oncoming), LookAlike.HEADLIGHTS, vehicles=vehicles)

    return [
        lit(_scene(ground.street, Weather.NIGHT, lens=_NOISY), 0, 6),
        lit(_scene(ground.far, Weather.NIGHT, lens=_NOISY), 4, 0),
        lit(_scene(ground.far, Weather.DUSK), 3, 0),
        lit(_scene(ground.street, Weather.DUSK, lens=_SHAKY), 0, 6),
    ]


def _rain(ground: _Ground) -> list[Scene]:
    storm = replace(_scene(ground.stack, Weather.RAIN, lens=_NOISY), flashes_s=(5.2, 9.7, 11.4, 17.8))
    night = replace(_scene(ground.street, Weather.NIGHT, lens=_NOISY), flashes_s=(4.6, 8.1, 12.3, 16.9))
    return [
        _quiet(_scene(ground.street, Weather.RAIN, lens=_NOISY), LookAlike.RAIN, vehicles=4),
        _quiet(_scene(ground.yard, Weather.RAIN, lens=_SHAKY), LookAlike.RAIN),
        _quiet(storm, LookAlike.LIGHTNING),
        _quiet(night, LookAlike.LIGHTNING, vehicles=2),
    ]


def _vehicles(ground: _Ground) -> list[Scene]:
    return [
        _quiet(_scene(ground.street, Weather.CLEAR), LookAlike.VEHICLES, vehicles=8),
        _quiet(_scene(ground.street, Weather.OVERCAST, lens=_DRIFT), LookAlike.VEHICLES, vehicles=5),
        _quiet(_scene(ground.stack, Weather.CLEAR, lens=_SHAKY), LookAlike.VEHICLES, vehicles=5),
    ]


def _red_cloth(ground: _Ground) -> list[Scene]:
    flag, sheet = Cloth((0.56, 0.30), (0.075, 0.075)), Cloth((0.20, 0.60), (0.05, 0.10), (214, 58, 20))
    return [
        _quiet(replace(_scene(ground.street, Weather.CLEAR), cloths=(flag,)), LookAlike.RED_CLOTH, vehicles=2),
        _quiet(replace(_scene(ground.yard, Weather.OVERCAST, lens=_NOISY), cloths=(sheet,)), LookAlike.RED_CLOTH),
        _quiet(
            replace(_scene(ground.yard, Weather.SUNSET, wind=1.2), cloths=(replace(flag, at=(0.42, 0.42)), sheet)),
            LookAlike.RED_CLOTH,
        ),
    ]


def _dust(ground: _Ground) -> list[Scene]:
    heap = SceneEvent(Kind.DUST, START_S, 18.0, 0.55, Colour.YELLOW, ground.heap[:2], 0.08)
    behind = SceneEvent(Kind.DUST, 4.0, 4.0 + 1.6 / 0.09, 0.5, Colour.YELLOW, width=0.035, speed=0.09)
    return [
        _quiet(_scene(ground.yard, Weather.CLEAR, heap, wind=1.5), LookAlike.DUST),
        _quiet(_scene(ground.yard, Weather.OVERCAST, replace(heap, opacity=0.35), lens=_NOISY), LookAlike.DUST),
        _quiet(_scene(ground.stack, Weather.CLEAR, behind, wind=1.0), LookAlike.DUST),
        _quiet(_scene(ground.street, Weather.CLOUDY, replace(behind, speed=-0.11)), LookAlike.DUST, vehicles=2),
    ]


def _camera(ground: _Ground) -> list[Scene]:
    gale = Lens(noise_levels=3.0, shake_px=3.0)
    swing = Lens(noise_levels=2.0, exposure_drift=0.3)
    return [
        _quiet(_scene(ground.yard, Weather.CLOUDY, lens=gale), LookAlike.CAMERA),
        _quiet(_scene(ground.stack, Weather.CLEAR, lens=swing), LookAlike.CAMERA),
        _quiet(_scene(ground.street, Weather.DUSK, lens=Lens(noise_levels=3.0, infrared_s=11.0)), LookAlike.CAMERA),
        _quiet(_scene(ground.far, Weather.CLEAR), LookAlike.NOTHING),
        _quiet(_scene(ground.yard, Weather.NIGHT, lens=Lens(noise_levels=4.0)), LookAlike.NOTHING),
    ]


def _faults(ground: _Ground) -> list[Scene]:
    """Return each fault once before a quiet place, and those behind which smoke goes on with that smoke."""
    places = (ground.street, ground.yard, ground.stack, ground.far)
    scenes = []
    for number, kind in enumerate(PictureFault):
        scene = _scene(places[number % 4], (Weather.CLEAR, Weather.OVERCAST, Weather.CLOUDY)[number % 3], lens=_NOISY)
        scenes.append(replace(scene, fault=CameraFault(kind, FAULT_START_S), vehicles=2 * (number % 2)))
    late = replace(_smoke(0.9, Colour.BLACK), start_s=FAULT_START_S + 4)
    smoking = _scene(ground.stack, Weather.OVERCAST, late)
    scenes.append(replace(smoking, fault=CameraFault(PictureFault.COVERED, FAULT_START_S)))
    scenes.append(replace(smoking, fault=CameraFault(PictureFault.BLURRED, FAULT_START_S)))
    return [replace(scene, seconds=FAULT_SECONDS, fps=FPS / 2) for scene in scenes]
