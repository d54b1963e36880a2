"""Traffic: cars, vans and lorries that cross the picture on the road, lit at dusk."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.scenes.light import Plane, blur, colour, resize, seeded
from benchmarks.scenes.scene import SceneEvent

_FINE = 4
"""Vehicles are drawn this many times larger, then reduced: smooth edges without a renderer."""

_BODIES = {
    "car": (
        1.0,
        0.36,
        (
            (0.0, 0.62),
            (0.02, 0.42),
            (0.16, 0.36),
            (0.30, 0.06),
            (0.66, 0.04),
            (0.80, 0.34),
            (0.97, 0.44),
            (1.0, 0.62),
            (0.99, 0.86),
            (0.01, 0.86),
        ),
        (
            ((0.24, 0.36), (0.335, 0.12), (0.475, 0.11), (0.475, 0.36)),
            ((0.51, 0.36), (0.51, 0.11), (0.645, 0.11), (0.745, 0.36)),
        ),
    ),
    "van": (
        1.15,
        0.46,
        ((0.0, 0.30), (0.02, 0.05), (0.70, 0.02), (0.80, 0.06), (0.90, 0.38), (0.99, 0.48), (1.0, 0.86), (0.0, 0.86)),
        (
            ((0.72, 0.38), (0.72, 0.12), (0.79, 0.12), (0.865, 0.38)),
            ((0.50, 0.38), (0.50, 0.12), (0.68, 0.12), (0.68, 0.38)),
        ),
    ),
    "lorry": (
        2.0,
        0.78,
        ((0.0, 0.0), (0.74, 0.0), (0.74, 0.24), (0.78, 0.20), (0.96, 0.22), (0.995, 0.52), (1.0, 0.88), (0.0, 0.88)),
        (((0.86, 0.50), (0.86, 0.28), (0.95, 0.28), (0.98, 0.50)),),
    ),
}
"""Length and height in car lengths, outline and windows as fractions of both; they drive to the right."""


_PAINTS = (
    (226, 226, 222),
    (212, 213, 214),
    (150, 153, 156),
    (92, 95, 99),
    (30, 31, 34),
    (22, 30, 62),
    (110, 22, 24),
    (168, 150, 116),
    (46, 66, 92),
)
"""Usual colours of vehicles, sRGB; most are white, grey or black."""


@dataclass(frozen=True, slots=True, eq=False)
class Vehicle:
    """
    One vehicle on its lane.

    Attributes:
        sprite: float32 ``(h, w, 4)``: premultiplied radiance and cover.

        left_px: position of its left edge at time 0.

        foot_px: row on which its wheels stand.

        speed_px_s: to the right; negative to the left.

        comes_once: it does not enter again where it left.
    """

    sprite: Plane
    left_px: float
    foot_px: float
    speed_px_s: float
    comes_once: bool = False


@dataclass(frozen=True, slots=True)
class Lorry:
    """
    The lorry of a moving source.

    Attributes:
        car_px: length of a car on its lane.

        foot_px: row on which its wheels stand.

        exhaust_px: where its exhaust is when the event starts, as the lorry comes into the picture.

        exhaust_width_px: how wide what comes out is there.
    """

    car_px: float
    foot_px: float
    exhaust_px: tuple[float, float]
    exhaust_width_px: float


_LANES = ((0.42, -1, 0.92), (0.86, 1, 1.12))
"""Where on the road, which way, and how near."""


def lorry_of(event: SceneEvent, road: tuple[float, float], size_wh: tuple[int, int]) -> Lorry:
    """Return the lorry of an event that moves: its exhaust is at its tail, low."""
    where, _, near = _LANES[event.speed > 0]
    car_px = (road[1] - road[0]) * size_wh[1] * 1.22 * near
    long, high, *_ = _BODIES["lorry"]
    foot = (road[0] + where * (road[1] - road[0])) * size_wh[1]
    x = -long * car_px if event.speed > 0 else size_wh[0] + long * car_px
    width = 0.13 * car_px if event.width is None else event.width * size_wh[0]
    return Lorry(car_px, foot, (x, foot - 0.14 * high * car_px), width)


class Traffic:
    """
    The vehicles of a scene.

    Args:
        count: vehicles at any time; who leaves on one side enters again on the other.

        road: top and bottom of the carriageway as fractions of height.

        size_wh: picture size.

        seed: of kinds, colours, gaps and speeds.

        light: brightness of the day; below 0.3 they drive with their lights on.

        events: those of them that move bring their lorry.
    """

    def __init__(
        self,
        count: int,
        road: tuple[float, float],
        size_wh: tuple[int, int],
        seed: int,
        light: float,
        events: Sequence[SceneEvent] = (),
    ) -> None:
        rng = seeded(seed, "traffic")
        width, height = size_wh
        depth = (road[1] - road[0]) * height
        self._width = width
        self._vehicles: list[Vehicle] = []
        for number in range(count):
            where, direction, near = _LANES[number % 2]
            length = depth * 1.22 * near
            kind = str(rng.choice(["car", "car", "car", "van", "lorry"]))
            sprite = _draw(kind, length, rng, light)
            if direction < 0:
                sprite = np.ascontiguousarray(sprite[:, ::-1])
            slot = (number // 2 + rng.uniform(0.1, 0.6)) / max(1, (count + 1) // 2)
            speed = direction * length * (1.35 if direction > 0 else 1.15)
            self._vehicles.append(Vehicle(sprite, slot * self._loop(), (road[0] * height) + where * depth, speed))
        for event in events:
            if event.speed:
                lorry = lorry_of(event, road, size_wh)
                sprite = _draw("lorry", lorry.car_px, rng, light)
                x, speed = lorry.exhaust_px[0], event.speed * width
                if speed < 0:
                    sprite = np.ascontiguousarray(sprite[:, ::-1])
                    x -= sprite.shape[1]
                self._vehicles.append(Vehicle(sprite, x - speed * event.start_s, lorry.foot_px, speed, comes_once=True))
        self._vehicles.sort(key=lambda vehicle: vehicle.foot_px)

    def _loop(self) -> float:
        return self._width * 1.9

    def drive(self, image: Plane, time_s: float) -> None:
        """Draw the vehicles at `time_s` into `image` (linear radiance), in place."""
        for vehicle in self._vehicles:
            rows, columns = vehicle.sprite.shape[:2]
            x = vehicle.left_px + vehicle.speed_px_s * time_s
            if not vehicle.comes_once:
                x = x % self._loop() - 0.45 * self._width
            top = round(vehicle.foot_px) - round(rows * 0.8)
            x0, x1 = max(0, int(np.floor(x))), min(self._width, int(np.floor(x)) + columns + 1)
            y1 = min(image.shape[0], top + rows)
            if x1 <= x0:
                continue
            matrix = np.array([[1, 0, x - x0], [0, 1, 0]], np.float64)
            moved = cv2.warpAffine(vehicle.sprite, matrix, (x1 - x0, y1 - top), flags=cv2.INTER_LINEAR)
            area = (slice(top, y1), slice(x0, x1))
            image[area] = image[area] * (1 - moved[..., 3:]) + moved[..., :3]


def _draw(kind: str, car_px: float, rng: np.random.Generator, light: float) -> Plane:
    """Return a vehicle driving right, wheels at 0.8 of the sprite's height: shadow and light need room below."""
    long, high, outline, windows = _BODIES[kind]
    body_w, body_h = round(car_px * long * _FINE), round(car_px * high * _FINE)
    ahead = round(body_w * 0.9 / long) if light < 0.3 else round(body_w * 0.06)
    behind = round(body_w * 0.06)
    rows, columns = round(body_h / 0.8 * 1.1), body_w + ahead + behind
    ground = round(rows * 0.8)
    top = ground - body_h
    sprite = np.zeros((rows, columns, 4), np.float32)
    sun = np.float32(light)

    def fill(points: tuple[tuple[float, float], ...], paint: Plane) -> None:
        mask = np.zeros((rows, columns), np.uint8)
        cv2.fillPoly(
            mask, [np.round([(behind + x * body_w, top + y * body_h) for x, y in points]).astype(np.int32)], 255
        )
        where = mask > 0
        sprite[where, :3] = np.broadcast_to(paint, (rows, columns, 3))[where]
        sprite[where, 3] = 1

    def disc(x: float, y: float, radius: float, paint: Plane) -> None:
        mask = np.zeros((rows, columns), np.uint8)
        cv2.circle(mask, (round(behind + x * body_w), round(top + y * body_h)), round(radius), 255, -1)
        sprite[mask > 0, :3], sprite[mask > 0, 3] = paint, 1

    shadow = np.zeros((rows, columns), np.float32)
    cv2.ellipse(
        shadow, (behind + body_w // 2, ground), (round(body_w * 0.52), round(body_h * 0.09)), 0, 0, 360, 0.7, -1
    )
    sprite[..., 3] = blur(shadow, body_h * 0.03)
    paint = colour(*_PAINTS[int(rng.integers(len(_PAINTS)))])
    slope = np.linspace(1.35, 0.5, rows, dtype=np.float32)[:, None, None]
    fill(outline, paint * sun * slope)
    for window in windows:
        fill(window, colour(38, 46, 56) * sun * np.linspace(3.2, 0.8, rows, dtype=np.float32)[:, None, None])
    fill(((0.0, 0.80), (1.0, 0.80), (0.99, 0.90), (0.01, 0.90)), colour(30, 30, 32) * sun)
    wheel = 0.075 * car_px * _FINE * (1.25 if kind == "lorry" else 1.0)
    for x in (0.10, 0.28, 0.84) if kind == "lorry" else (0.19, 0.80):
        disc(x, 1 - wheel / body_h, wheel, colour(18, 18, 19) * sun)
        disc(x, 1 - wheel / body_h, wheel * 0.55, colour(128, 130, 134) * sun)
    y = 0.56 if kind == "car" else 0.68
    fill(
        ((0.985, y - 0.05), (0.999, y), (0.995, y + 0.07), (0.965, y + 0.04)),
        colour(238, 240, 236) * np.float32(max(light, 1.0)),
    )
    fill(
        ((0.0, y - 0.06), (0.018, y - 0.06), (0.018, y + 0.07), (0.0, y + 0.07)),
        colour(190, 20, 16) * np.float32(max(light, 0.8)),
    )
    if light < 0.3:
        _headlight(sprite, (behind + round(0.99 * body_w), top + round(y * body_h)), ground, body_h)
    small = cv2.resize(sprite, (max(1, columns // _FINE), max(1, rows // _FINE)), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _headlight(sprite: Plane, lamp: tuple[int, int], ground: int, body_h: int) -> None:
    """Add the lamp's bloom and its pool of light on the road."""
    rows, columns = sprite.shape[:2]
    y, x = np.mgrid[0:rows:_FINE, 0:columns:_FINE].astype(np.float32)
    bloom = np.exp(-np.hypot(x - lamp[0], y - lamp[1]) / np.float32(body_h * 0.11)) * np.float32(1.6)
    reach = (x - lamp[0]) / max(1, columns - lamp[0])
    pool = np.where(reach > 0, np.exp(-(((y - ground) / (0.10 * body_h)) ** 2)) * reach * (1 - reach) * 1.1, 0)
    light = resize((bloom + pool).astype(np.float32), columns, rows)
    sprite[..., :3] += light[..., None] * colour(255, 236, 196)
