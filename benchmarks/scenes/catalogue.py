"""The catalogue: the scenes that benchmarks and the demo run on."""

from dataclasses import replace
from itertools import product

from benchmarks.scenes.families import Split
from benchmarks.scenes.scene import Colour, Kind, Lens, Place, Scene, SceneEvent, Weather

_BIN = (0.44, 0.705)
"""Mouth of the bin in the yard."""

_VENT = (0.5, 0.70)
"""A vent at street level: what leaves it rises before the houses."""

_AVENUE_VENT = (0.36, 0.70)
"""One before the trees and towers of the avenue."""

_START_S, _END_S = 7.0, 22.0


def _stack_smoke(colour: Colour, opacity: float) -> tuple[SceneEvent, ...]:
    return (SceneEvent(Kind.SMOKE, _START_S, _END_S, opacity, colour),)


def _bin_fire(start_s: float = _START_S, end_s: float = _END_S) -> tuple[SceneEvent, ...]:
    x, y = _BIN
    return (
        SceneEvent(Kind.SMOKE, start_s, end_s, 0.75, Colour.GREY, (x, y - 0.04), 0.05),
        SceneEvent(Kind.FIRE, start_s, end_s, 0.9, Colour.YELLOW, _BIN, 0.055),
    )


_STEAM = (SceneEvent(Kind.STEAM, -20.0, 1e6, 0.9, Colour.WHITE),)

_DEMO = (
    Scene("stack-black-smoke", 11, Place.WORKS, Weather.OVERCAST, _stack_smoke(Colour.BLACK, 0.85), vehicles=2),
    Scene("street-traffic", 3, Place.STREET, Weather.CLOUDY, vehicles=6, seconds=16),
    Scene("works-clouds", 12, Place.WORKS, Weather.CLOUDY, vehicles=2, seconds=16),
)

_SMOKE = (
    Scene("stack-black-clear", 21, Place.WORKS, Weather.CLEAR, _stack_smoke(Colour.BLACK, 0.95)),
    Scene("stack-grey-cloudy", 22, Place.WORKS, Weather.CLOUDY, _stack_smoke(Colour.GREY, 0.8), wind=-2.2),
    Scene("stack-white-clear", 23, Place.WORKS, Weather.CLEAR, _stack_smoke(Colour.WHITE, 0.85)),
    Scene("stack-yellow-overcast", 24, Place.WORKS, Weather.OVERCAST, _stack_smoke(Colour.YELLOW, 0.8)),
    Scene("stack-black-calm", 25, Place.WORKS, Weather.CLOUDY, _stack_smoke(Colour.BLACK, 0.9), wind=0.6),
    Scene("stack-black-faint", 26, Place.WORKS, Weather.OVERCAST, _stack_smoke(Colour.BLACK, 0.35)),
    Scene(
        "stack-grey-shaky", 27, Place.WORKS, Weather.OVERCAST, _stack_smoke(Colour.GREY, 0.8),
        lens=Lens(noise_levels=3.0, shake_px=1.2, exposure_drift=0.12),
    ),
)  # fmt: skip

_FIRE = (
    Scene("yard-fire-clear", 31, Place.YARD, Weather.CLEAR, _bin_fire(), wind=0.9),
    Scene("yard-fire-dusk", 32, Place.YARD, Weather.DUSK, _bin_fire(), wind=1.2, vehicles=1),
)

_QUIET = (
    Scene("stack-steam-clear", 41, Place.WORKS, Weather.CLEAR, _STEAM),
    Scene("stack-steam-clouds", 48, Place.WORKS, Weather.CLOUDY, _STEAM, vehicles=2),
    Scene("clouds", 42, Place.WORKS, Weather.CLOUDY),
    Scene("works-fog", 49, Place.WORKS, Weather.FOG, vehicles=2),
    Scene("street-rain", 50, Place.STREET, Weather.RAIN, vehicles=5, lens=Lens(noise_levels=2.4)),
    Scene("clouds-dusk", 43, Place.WORKS, Weather.DUSK, vehicles=2),
    Scene("street-overcast", 44, Place.STREET, Weather.OVERCAST, vehicles=6),
    Scene("street-headlights", 45, Place.STREET, Weather.DUSK, vehicles=7, lens=Lens(noise_levels=3.0)),
    Scene("yard-empty", 46, Place.YARD, Weather.OVERCAST),
    Scene("yard-shaky", 47, Place.YARD, Weather.CLOUDY, lens=Lens(noise_levels=3.0, shake_px=1.5, exposure_drift=0.15)),
)


def demo_scenes() -> tuple[Scene, ...]:
    """Return the demo's three: a stack that begins to smoke after 7 s, a street, and clouds."""
    return _DEMO


def scenes() -> tuple[Scene, ...]:
    """Return every scene of the catalogue, the demo's first; names are unique."""
    return (*_DEMO, *_SMOKE, *_FIRE, *_QUIET)


def scene_named(name: str) -> Scene:
    """Return the scene of that name; raise `KeyError` naming the known ones."""
    for scene in scenes():
        if scene.name == name:
            return scene
    raise KeyError(f"no scene {name!r}: known are {', '.join(scene.name for scene in scenes())}")


def opacity_scenes(seconds: float = 20.0, split: Split = Split.DEVELOP) -> tuple[Scene, ...]:
    """
    Return plumes of every colour at 0 to 100 % opacity, before sky and before houses: what measurement is scored on.

    Smoke begins at 6 s, so that a clean background can be learnt first, and lasts to the end. Scenes differ in weather,
    noise, drift of exposure and shake. At 0 % nothing is emitted and every reading above 0 is an error. Held-out scenes
    show other places, seeds and opacities.
    """
    lenses = (Lens(), Lens(noise_levels=3.0, exposure_drift=0.08), Lens(shake_px=0.8))
    weathers = (Weather.CLEAR, Weather.CLOUDY, Weather.OVERCAST)
    is_held = split is Split.HELD_OUT
    opacities = (0.0, 0.25, 0.5, 0.75) if is_held else tuple(step / 5 for step in range(6))
    before_sky, before_houses = (Place.POWER_PLANT, Place.AVENUE) if is_held else (Place.WORKS, Place.STREET)
    found = []
    for number, (colour, before) in enumerate(product(Colour, ("sky", "houses"))):
        for step, opacity in enumerate(opacities):
            event = SceneEvent(Kind.SMOKE, 6.0, seconds, opacity, colour)
            if before == "houses":
                event = replace(event, at=_AVENUE_VENT if is_held else _VENT, width=0.03)
            found.append(
                Scene(
                    f"{'held-' if is_held else ''}opacity-{colour}-{round(opacity * 100):03d}-{before}",
                    (25_000 if is_held else 500) + 10 * number + step,
                    before_sky if before == "sky" else before_houses,
                    weathers[(number + step) % 3],
                    (event,),
                    fps=5,
                    seconds=seconds,
                    wind=2.4 if step % 2 else -2.0,
                    lens=lenses[step % 3],
                )
            )
    return tuple(found)
