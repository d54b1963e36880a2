"""Rendering: background, what is emitted and the camera's faults become frames with their truth."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.air import Air
from benchmarks.scenes.backdrop.place import backdrop
from benchmarks.scenes.cloth import WavingCloth
from benchmarks.scenes.faults import Damage
from benchmarks.scenes.fire import Flames
from benchmarks.scenes.flow import flow_of
from benchmarks.scenes.lamps import Lamps
from benchmarks.scenes.light import Plane, encode, seeded
from benchmarks.scenes.plume import Medium, Plume
from benchmarks.scenes.scene import FrameTruth, Kind, Scene, SceneEvent, SceneFrame, Sighting
from benchmarks.scenes.sky import Sky
from benchmarks.scenes.traffic import Traffic, lorry_of

_VISIBLE = 0.05
"""Opacity that counts as visible: the nearest 5 % is what an observer reads (domain.md 1.3)."""


_STROKES = ((0.0, 2.6), (0.24, 1.4))
"""When after the first a lightning's strokes come, and how much of the scene's light each adds."""

_INFRARED = 1.7
"""How much brighter a scene is under the camera's own infra-red lamps, its filter open."""


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """
    The light of one moment before the camera.

    Attributes:
        background: float32 ``(h, w, 3)``: linear radiance without anything emitted.

        transmission: float32 ``(h, w)``: of everything emitted.

        path: float32 ``(h, w, 3)``: radiance added by it.

        seen: float32 ``(h, w, 3)``: ``transmission * background + path``.
    """

    background: Plane
    transmission: Plane
    path: Plane
    seen: Plane


class Stage:
    """A scene made ready: everything that does not depend on time is painted. Any frame can be rendered by itself."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        width, height = scene.size_wh
        self._backdrop = backdrop(scene)
        horizon_px = self._backdrop.horizon_px
        self._sky = Sky(scene.weather, scene.seed, scene.size_wh, horizon_px, scene.cloud_speed)
        light = self._sky.mood.light
        self._air = Air(self._sky.mood, scene.seed, scene.size_wh, horizon_px, scene.fog)
        self._gap = np.ascontiguousarray(np.dstack([1 - self._backdrop.cover[:horizon_px]] * 3))
        road = self._backdrop.road
        self._traffic = Traffic(scene.vehicles, road, scene.size_wh, scene.seed, light, scene.events)
        self._cloths = [WavingCloth(cloth, scene.size_wh, scene.seed, light, scene.wind) for cloth in scene.cloths]
        self._lamps = Lamps(scene.oncoming, scene.size_wh, horizon_px, scene.seed)
        self._damage = None if scene.fault is None else Damage(scene.fault, scene.size_wh, scene.seed)
        self._sources = [self._source(index, event) for index, event in enumerate(scene.events)]
        self._axes = [source.axis_px() for source in self._sources]
        rng = seeded(scene.seed, "lens")
        self._noise = np.round(rng.normal(0, scene.lens.noise_levels, (height + 64, width + 64, 3))).astype(np.int16)
        self._corners = rng.integers(0, 64, (512, 2))
        self._wander = rng.uniform(0, 2 * math.pi, 6)
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        vignette = (1 - scene.lens.vignette * ((x * x + y * y) / 2) ** 1.5).astype(np.float32)
        self._vignette = np.ascontiguousarray(np.dstack([vignette] * 3))

    def _source(self, index: int, event: SceneEvent) -> Plume | Flames:
        width, height = self.scene.size_wh
        at = event.at or self._backdrop.lip
        outlet_px = (at[0] * width, at[1] * height)
        outlet = (event.width or self._backdrop.lip_width * 0.86) * width
        if event.speed:
            lorry = lorry_of(event, self._backdrop.road, self.scene.size_wh)
            outlet_px, outlet = lorry.exhaust_px, lorry.exhaust_width_px
        seed = self.scene.seed * 101 + index
        if event.kind is Kind.FIRE:
            return Flames(event, outlet_px, outlet, self.scene.size_wh, seed)
        light = self._sky.mood.light
        return Plume(event, flow_of(event, self.scene.wind), outlet_px, outlet, self.scene.size_wh, seed, light)

    def background(self, time_s: float) -> Plane:
        """Return the linear radiance of the place at `time_s` with nothing emitted."""
        image = self._backdrop.radiance.copy()
        cv2.accumulateProduct(self._sky.radiance(time_s), self._gap, image[: self._backdrop.horizon_px])
        for cloth in self._cloths:
            cloth.hang(image, time_s)
        self._traffic.drive(image, time_s)
        self._lamps.shine(image, time_s)
        for source in self._sources:
            if isinstance(source, Flames):
                source.shine(image, time_s)
        self._air.veil(image, time_s)
        if flash := self._flash(time_s):
            image *= np.float32(1 + flash)
        return image

    def _flash(self, time_s: float) -> float:
        """Return how much light lightning adds, as a share of the scene's own: a stroke and a weaker one after it."""
        strokes = ((time_s - flash_s - late_s, power) for flash_s in self.scene.flashes_s for late_s, power in _STROKES)
        return sum(power * math.exp(-after_s / 0.12) for after_s, power in strokes if 0 <= after_s < 1)

    def exposure(self, time_s: float) -> Exposure:
        """Return the light at `time_s`, with everything that made it."""
        return self.over(self.background(time_s), time_s)

    def over(self, background: Plane, time_s: float) -> Exposure:
        """Return what is emitted at `time_s` before any other `background`, linear radiance of the picture's size."""
        seen, transmission, _ = self._emit(background.copy(), time_s)
        return Exposure(background, transmission, seen - transmission[..., None] * background, seen)

    def frame(self, index: int) -> SceneFrame:
        """Return frame `index`."""
        shown = self._shown(index / self.scene.fps)
        if shown != index:
            held = self.frame(shown)
            return SceneFrame(held.image, replace(held.truth, index=index, time_s=index / self.scene.fps), held.opacity)
        time_s = index / self.scene.fps
        seen, transmission, media = self._emit(self.background(time_s), time_s)
        image = encode(seen, self.gain(time_s))
        opacity = np.asarray(1 - transmission, np.float32)
        infrared_s = self.scene.lens.infrared_s
        if infrared_s is not None and time_s >= infrared_s:
            image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
        offset_px = self.offset_px(time_s)
        if self.scene.lens.shake_px:
            image, opacity = self._shake(image, opacity, offset_px)
        if self._damage is not None:
            image = self._damage.over(image, time_s)
        row, column = self._corners[index % len(self._corners)]
        height, width = opacity.shape
        noise = self._noise[row : row + height, column : column + width]
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
        sightings = tuple(self._sighting(number, medium, offset_px, time_s) for number, medium in enumerate(media))
        return SceneFrame(image, FrameTruth(index, time_s, sightings), opacity)

    def gain(self, time_s: float) -> Plane:
        """Return the factor ``(h, w, 3)`` by which lens and exposure change the light at `time_s`."""
        lens, gain = self.scene.lens, 1.0
        if lens.exposure_drift:
            gain *= 1 + lens.exposure_drift * math.sin(2 * math.pi * time_s / 20)
        if lens.infrared_s is not None and time_s >= lens.infrared_s:
            gain *= _INFRARED
        if self._damage is not None:
            gain *= self._damage.gain(time_s)
        return self._vignette if gain == 1 else self._vignette * np.float32(gain)

    def _shown(self, time_s: float) -> int:
        """Return which frame is shown at `time_s`."""
        held_s = time_s if self._damage is None else self._damage.held_s(time_s)
        return math.ceil(held_s * self.scene.fps - 1e-6) if held_s < time_s else round(time_s * self.scene.fps)

    def frames(self) -> Iterator[SceneFrame]:
        """Yield every frame in order."""
        for index in range(self.scene.frames):
            yield self.frame(index)

    def _emit(self, image: Plane, time_s: float) -> tuple[Plane, Plane, list[Medium | None]]:
        """Lay everything emitted over `image`, in place; return it, the whole transmission and each event's medium."""
        transmission = np.ones(image.shape[:2], np.float32)
        media: list[Medium | None] = []
        for source in self._sources:
            medium = source.medium(time_s)
            media.append(medium)
            if medium is None:
                continue
            rows, columns = medium.transmission.shape
            area = (slice(medium.top, medium.top + rows), slice(medium.left, medium.left + columns))
            image[area] *= medium.transmission[..., None]
            image[area] += medium.path
            transmission[area] *= medium.transmission
        return image, transmission, media

    def _shake(
        self, image: NDArray[np.uint8], opacity: Plane, by_px: tuple[float, float]
    ) -> tuple[NDArray[np.uint8], Plane]:
        matrix = np.array([[1, 0, by_px[0]], [0, 1, by_px[1]]], np.float64)
        height, width = opacity.shape
        moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        field = cv2.warpAffine(
            opacity, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8), np.asarray(field, np.float32)

    def offset_px(self, time_s: float) -> tuple[float, float]:
        """Return how far shake has moved the picture at `time_s`."""
        size = self.scene.lens.shake_px * math.sqrt(2 / 3)
        parts = [
            sum(
                math.sin(2 * math.pi * hertz * time_s + self._wander[axis * 3 + n])
                for n, hertz in enumerate((0.31, 1.7, 4.3))
            )
            for axis in (0, 1)
        ]
        return size * parts[0], size * parts[1]

    def _axis(self, number: int, time_s: float) -> NDArray[np.float64]:
        source = self._sources[number]
        if isinstance(source, Plume) and self.scene.events[number].speed:
            return source.axis_px(time_s)
        return self._axes[number]

    def _sighting(self, number: int, medium: Medium | None, offset_px: tuple[float, float], time_s: float) -> Sighting:
        if medium is None:
            return _unseen(number)
        opacity = 1 - medium.transmission
        seen = opacity > _VISIBLE
        columns, rows = np.flatnonzero(seen.any(0)), np.flatnonzero(seen.any(1))
        if not len(columns):
            return _unseen(number)
        along = _at(opacity, self._axis(number, time_s) - (medium.left, medium.top))
        visible = along[along > _VISIBLE]
        is_fire = self.scene.events[number].kind is Kind.FIRE
        left, top = medium.left + offset_px[0], medium.top + offset_px[1]
        width, height = self.scene.size_wh
        return Sighting(
            event=number,
            visible=True,
            xyxy=(
                max(0.0, float(columns[0] + left)),
                max(0.0, float(rows[0] + top)),
                min(float(width), float(columns[-1] + 1 + left)),
                min(float(height), float(rows[-1] + 1 + top)),
            ),
            opacity_mean=float(opacity[seen].mean()),
            opacity_axis=float(visible.mean()) if len(visible) else 0.0,
            opacity_max=float(opacity.max()),
            opacity_reading=float(along.max() if is_fire else along[1:5].mean()),
        )


def _at(field: Plane, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `field` at the nearest pixels to `points` ``(n, 2)``; 0 outside."""
    column, row = np.round(points).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < field.shape[1]) & (row < field.shape[0])
    values = np.zeros(len(points))
    values[inside] = field[row[inside], column[inside]]
    return values


def _unseen(number: int) -> Sighting:
    return Sighting(
        event=number,
        visible=False,
        xyxy=(0.0, 0.0, 0.0, 0.0),
        opacity_mean=0.0,
        opacity_axis=0.0,
        opacity_max=0.0,
        opacity_reading=0.0,
    )


def render(scene: Scene) -> Iterator[SceneFrame]:
    """Yield the scene's frames in order."""
    return Stage(scene).frames()
