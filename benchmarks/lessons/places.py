"""In places to develop on: their scenes with other seeds, weather, strengths and spots, a few moments of each."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.lessons.over import CLEAR, SEEN, Box
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.light import encode, seeded
from benchmarks.scenes.render import Stage
from benchmarks.scenes.scene import REPORTED, Colour, Kind, Lens, Scene, SceneEvent, Weather
from models.training.pictures.dataset import CLASS_NAMES

MOMENTS = 5
"""Pictures of a scene."""

SEEDS = 500_000
"""Seeds of lessons begin here, far from those of any scene."""

_DAYS = (Weather.CLEAR, Weather.CLOUDY, Weather.OVERCAST, Weather.LOW_CLOUD, Weather.DUSK)


def variations(times: int, seed: int) -> Iterator[Scene]:
    """Yield every scene to develop on, but those of faults, `times` times over and never as it is."""
    for scene in family_scenes(Split.DEVELOP):
        if scene.fault is not None:
            continue
        for number in range(times):
            rng = seeded(seed, scene.name, number)
            events = tuple(_other(event, rng) for event in scene.events)
            weather = scene.weather
            if not scene.is_quiet and weather in _DAYS:
                weather = _DAYS[int(rng.integers(len(_DAYS)))]
            yield replace(
                scene,
                name=f"{scene.name}-{number}",
                seed=SEEDS + int(rng.integers(1_000_000)),
                weather=weather,
                events=events,
                wind=float(rng.choice([-1.0, 1.0])) * rng.uniform(0.4, 3.2),
                lens=replace(scene.lens, noise_levels=rng.uniform(1.0, 3.5)) if scene.lens.infrared_s else _lens(rng),
            )


def pictures(scene: Scene, seed: int) -> Iterator[tuple[NDArray[np.uint8], list[Box]]]:
    """Yield pictures of a scene, BGR ``uint8 (h, w, 3)``, and what is to be found in each."""
    stage, rng = Stage(scene), seeded(seed, scene.name, "moments")
    for index in sorted(rng.choice(scene.frames, MOMENTS, replace=False)):
        frame = stage.frame(int(index))
        light = stage.exposure(frame.truth.time_s)
        change = np.abs(encode(light.seen).astype(np.float32) - encode(light.background)).mean(axis=2) / 255
        boxes: list[Box] = []
        is_clear = True
        for event, sighting in zip(scene.events, frame.truth.sightings, strict=True):
            if event.kind not in REPORTED or not sighting.visible:
                continue
            left, top, right, bottom = (round(value) for value in sighting.xyxy)
            part = change[top:bottom, left:right]
            is_clear &= bool((part > SEEN).sum() > 40) and float(part[part > SEEN].mean()) > CLEAR
            boxes.append((CLASS_NAMES.index(event.kind.value), *sighting.xyxy))
        if is_clear:
            yield frame.image, boxes


def _other(event: SceneEvent, rng: np.random.Generator) -> SceneEvent:
    """Return a source like `event`: as long, of the same kind, elsewhere and of another strength."""
    at = event.at
    if at is not None:
        at = (float(np.clip(at[0] + rng.normal(0, 0.1), 0.05, 0.95)), at[1] + rng.normal(0, 0.02))
    colour = event.colour
    if event.kind is Kind.SMOKE:
        colour = list(Colour)[int(rng.integers(len(Colour)))]
    return replace(
        event,
        at=at,
        colour=colour,
        opacity=float(np.clip(event.opacity + rng.uniform(-0.25, 0.2), 0.3, 0.98)),
        width=None if event.width is None else event.width * rng.uniform(0.7, 1.5),
        speed=event.speed * rng.uniform(0.7, 1.4),
    )


def _lens(rng: np.random.Generator) -> Lens:
    return Lens(noise_levels=rng.uniform(1.0, 3.5), exposure_drift=rng.uniform(0.0, 0.2))
