"""Over photographs: one plume, with its stack or its lorry, between the camera and what a photograph shows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.fire import Flames
from benchmarks.scenes.flow import flow_of
from benchmarks.scenes.light import Plane, blur, colour, decode, encode, seeded
from benchmarks.scenes.plume import Medium, Plume
from benchmarks.scenes.scene import REPORTED, Colour, Kind, SceneEvent
from benchmarks.scenes.traffic import Traffic, lorry_of
from models.training.pictures.dataset import CLASS_NAMES

Box = tuple[int, float, float, float, float]
"""Class, then left, top, right, bottom in pixels."""

SEEN = 0.05
"""A box encloses where the picture is changed by more than this share of full scale."""

CLEAR = 0.07
"""A plume that changes what it covers by less than this in the mean is no lesson: people would not agree on it."""

LEAST_PX = 6
"""A plume narrower or lower than this is no lesson."""

_COLOURS = (Colour.BLACK, Colour.GREY, Colour.GREY, Colour.WHITE, Colour.WHITE, Colour.WHITE, Colour.YELLOW)
"""White and grey smoke is what the first weights miss, so it is shown more often."""

_OF_A_STACK = 0.7
"""Share of stack plumes with a stack painted under them; the rest leave what the photograph shows."""


@dataclass(frozen=True, slots=True)
class Setting:
    """
    What is laid over one photograph.

    Attributes:
        events: sources, farthest first.

        wind: outlet widths a second to the right.

        time_s: moment of the picture.

        stack: a stack is painted under the first source.

        road: top and bottom of the carriageway of vehicles, as fractions of height.

        vehicles: on the road that leave nothing behind.

        is_idle: the sources leave nothing either: stack and vehicles are all that is laid over it.
    """

    events: list[SceneEvent]
    wind: float
    time_s: float = 30.0
    stack: bool = False
    road: tuple[float, float] = (0.8, 0.95)
    vehicles: int = 0
    is_idle: bool = False


def stack_smoke(rng: np.random.Generator) -> Setting:
    """Return smoke from a stack, somewhere in the upper two thirds."""
    at, width = (rng.uniform(0.08, 0.92), rng.uniform(0.14, 0.62)), _between(rng, 0.007, 0.06)
    event = SceneEvent(Kind.SMOKE, -60.0, 1e6, rng.uniform(0.32, 0.98), _colour(rng), at, width)
    return Setting([event], _wind(rng, 0.4, 3.2), stack=rng.random() < _OF_A_STACK)


def ground_smoke(rng: np.random.Generator) -> Setting:
    """Return something that burns or smoulders on the ground, with flames in half of them."""
    x, y, width = rng.uniform(0.06, 0.94), rng.uniform(0.45, 0.97), _between(rng, 0.015, 0.09)
    smoke = SceneEvent(Kind.SMOKE, -60.0, 1e6, rng.uniform(0.4, 0.95), _colour(rng), (x, y - 0.7 * width), 0.9 * width)
    events = [smoke]
    if rng.random() < 0.5:
        events.append(SceneEvent(Kind.FIRE, -60.0, 1e6, rng.uniform(0.75, 0.95), Colour.YELLOW, (x, y), width))
    return Setting(events, _wind(rng, 0.2, 2.4))


def distant_smoke(rng: np.random.Generator) -> Setting:
    """Return smoke that is small because it is far."""
    at, width = (rng.uniform(0.05, 0.95), rng.uniform(0.28, 0.72)), _between(rng, 0.0025, 0.014)
    event = SceneEvent(Kind.SMOKE, -60.0, 1e6, rng.uniform(0.35, 0.95), _colour(rng), at, width)
    return Setting([event], _wind(rng, 0.3, 2.4), time_s=rng.uniform(-58.0, -48.0) if rng.random() < 0.3 else 30.0)


def vehicle_smoke(rng: np.random.Generator) -> Setting:
    """Return the exhaust of a lorry on its way across the picture, among others that leave nothing."""
    road = _road(rng)
    speed = float(rng.choice([-1.0, 1.0])) * rng.uniform(0.05, 0.18)
    colour_class = Colour.BLACK if rng.random() < 0.6 else _colour(rng)
    event = SceneEvent(Kind.SMOKE, 0.0, 99.0, rng.uniform(0.5, 0.97), colour_class, speed=speed)
    way = rng.uniform(0.25, 1.0) + 0.3
    others = int(rng.integers(0, 3))
    return Setting([event], _wind(rng, 0.0, 1.5), time_s=way / abs(speed), road=road, vehicles=others)


def steam(rng: np.random.Generator) -> Setting:
    """Return steam over a stack or a vent: white, dense, gone after a few widths. Nothing to report."""
    is_vent = rng.random() < 0.35
    at = (rng.uniform(0.06, 0.94), rng.uniform(0.5, 0.9) if is_vent else rng.uniform(0.2, 0.6))
    width = _between(rng, 0.012, 0.05)
    event = SceneEvent(Kind.STEAM, -60.0, 1e6, rng.uniform(0.5, 0.95), Colour.WHITE, at, width)
    return Setting([event], _wind(rng, 0.3, 2.4), stack=not is_vent)


def dust(rng: np.random.Generator) -> Setting:
    """Return dust over a heap. Nothing to report."""
    at, width = (rng.uniform(0.06, 0.94), rng.uniform(0.5, 0.95)), _between(rng, 0.03, 0.09)
    event = SceneEvent(Kind.DUST, -60.0, 1e6, rng.uniform(0.3, 0.6), Colour.YELLOW, at, width)
    return Setting([event], _wind(rng, 0.5, 2.0))


def clean_road(rng: np.random.Generator) -> Setting:
    """Return traffic that leaves nothing behind, its lamps lit where it is dark. Nothing to report."""
    return Setting([], 0.0, road=_road(rng), vehicles=int(rng.integers(1, 5)), is_idle=True)


def clean_stack(rng: np.random.Generator) -> Setting:
    """Return a stack from which nothing comes. Nothing to report."""
    return replace(stack_smoke(rng), stack=True, is_idle=True)


KINDS: dict[str, tuple[float, Callable[[np.random.Generator], Setting]]] = {
    "stack-smoke": (0.30, stack_smoke),
    "ground-smoke": (0.14, ground_smoke),
    "distant-smoke": (0.15, distant_smoke),
    "vehicle-smoke": (0.15, vehicle_smoke),
    "steam": (0.19, steam),
    "dust": (0.07, dust),
    "clean-road": (0.08, clean_road),
    "clean-stack": (0.06, clean_stack),
}
"""
Kinds of lessons, each with its weight among them. Where every lorry and nearly every stack smoked, vehicles without
smoke became suspect (decision 0058).
"""


def lesson(photograph: NDArray[np.uint8], setting: Setting, seed: int) -> tuple[NDArray[np.uint8], list[Box]] | None:
    """
    Return a photograph, BGR ``uint8 (h, w, 3)``, with `setting` before it, and what is to be found in it.

    ``None`` where a source shows too little to be a lesson. Light is composited on linear radiance (domain.md 1.6).
    """
    rng = seeded(seed, "over")
    height, width = photograph.shape[:2]
    size_wh = (width - width % 2, height - height % 2)
    image = decode(photograph[: size_wh[1], : size_wh[0]]).copy()
    light = _light(image)
    if setting.stack:
        _stack(image, setting.events[0], rng, light)
    moving = [event for event in setting.events if event.speed]
    Traffic(setting.vehicles, setting.road, size_wh, seed, light, moving).drive(image, setting.time_s)
    boxes: list[Box] = []
    if setting.is_idle:
        return encode(image), boxes
    for number, event in enumerate(setting.events):
        source = _source(event, setting, size_wh, seed * 101 + number, light)
        medium = source.medium(setting.time_s)
        if medium is None:
            return None
        if isinstance(source, Flames):
            source.shine(image, setting.time_s)
        box = _lay(image, medium)
        if box is None:
            return None
        if event.kind in REPORTED:
            boxes.append((CLASS_NAMES.index(event.kind.value), *box))
    return encode(image), boxes


def _source(event: SceneEvent, setting: Setting, size_wh: tuple[int, int], seed: int, light: float) -> Plume | Flames:
    if event.speed:
        lorry = lorry_of(event, setting.road, size_wh)
        outlet_px, outlet = lorry.exhaust_px, lorry.exhaust_width_px
    else:
        x, y = event.at or (0.5, 0.5)
        outlet_px, outlet = (x * size_wh[0], y * size_wh[1]), max((event.width or 0.02) * size_wh[0], 1.5)
    if event.kind is Kind.FIRE:
        return Flames(event, outlet_px, max(outlet, 8.0), size_wh, seed)
    return Plume(event, flow_of(event, setting.wind), outlet_px, outlet, size_wh, seed, light)


def _lay(image: Plane, medium: Medium) -> tuple[float, float, float, float] | None:
    """Lay a medium over `image`, in place; return the box of what it changes, ``None`` where that is too little."""
    rows, columns = medium.transmission.shape
    part = image[medium.top : medium.top + rows, medium.left : medium.left + columns]
    before = encode(part).astype(np.float32)
    part *= medium.transmission[..., None]
    part += medium.path
    change = np.abs(encode(part).astype(np.float32) - before).mean(axis=2) / 255
    seen = change > SEEN
    xs, ys = np.flatnonzero(seen.any(0)), np.flatnonzero(seen.any(1))
    if not len(xs) or float(change[seen].mean()) < CLEAR:
        return None
    left, top, right, bottom = xs[0], ys[0], xs[-1] + 1, ys[-1] + 1
    if right - left < LEAST_PX or bottom - top < LEAST_PX:
        return None
    return float(left + medium.left), float(top + medium.top), float(right + medium.left), float(bottom + medium.top)


def _light(image: Plane) -> float:
    """Return the brightness of the light in a photograph, against a clear noon: how bright its bright parts are."""
    return float(np.clip(np.percentile(image.mean(axis=2), 92) * 1.25, 0.08, 1.0))


def _stack(image: Plane, event: SceneEvent, rng: np.random.Generator, light: float) -> None:
    """Paint a round stack under the outlet, lit from one side, in place; some are banded."""
    height, width = image.shape[:2]
    (x, y), lip = event.at or (0.5, 0.5), (event.width or 0.02) * width
    lip /= 0.86
    top, foot = round(y * height), min(height, round((y + rng.uniform(0.15, 0.6)) * height))
    spread, tone = rng.uniform(1.0, 1.6), int(rng.integers(70, 215))
    paint, band = colour(tone, tone, tone) * np.float32(light), colour(178, 52, 44) * np.float32(light)
    banded, lit = rng.random() < 0.3, float(rng.choice([-1.0, 1.0]))
    cover = np.zeros((height, width), np.float32)
    body = np.zeros_like(image)
    columns = np.arange(width, dtype=np.float32)
    for row in range(top, foot):
        half = lip / 2 * (1 + (spread - 1) * (row - top) / max(1, foot - top))
        across = (columns - np.float32(x * width)) / np.float32(half)
        inside = np.clip((1 - np.abs(across)) * np.float32(half) + 0.5, 0, 1)
        shade = 0.45 + 0.55 * np.sqrt(np.clip(1 - across**2, 0, 1)) + 0.18 * lit * across
        ring = banded and int((row - top) / max(2.0, 1.2 * lip)) % 2 == 0
        body[row] = np.clip(shade, 0.15, 1.3)[:, None] * (band if ring else paint)
        cover[row] = inside
    cover = blur(cover, 0.6)
    image *= 1 - cover[..., None]
    image += body * cover[..., None]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number whose logarithm is even between those of `low` and `high`."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _road(rng: np.random.Generator) -> tuple[float, float]:
    top = rng.uniform(0.42, 0.86)
    return top, min(0.99, top + _between(rng, 0.05, 0.22))


def _wind(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.choice([-1.0, 1.0])) * rng.uniform(low, high)


def _colour(rng: np.random.Generator) -> Colour:
    return _COLOURS[int(rng.integers(len(_COLOURS)))]


def filmed(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture with sensor noise and block compression, as a site's camera would have given it."""
    noise = rng.normal(0, rng.uniform(0.0, 3.5), image.shape).astype(np.float32)
    noisy = np.clip(image.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 93))])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
