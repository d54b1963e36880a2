"""Sources: what steams, smokes, burns and gives dust before a camera at a second of its day."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.days.land import Land
from benchmarks.days.script import Passing, Planted, Script, Vent
from benchmarks.days.wander import Wander
from benchmarks.scenes.fire import Flames
from benchmarks.scenes.flow import Flow, flow_of
from benchmarks.scenes.light import Plane, colour
from benchmarks.scenes.plume import DUST_COLOUR, OWN_COLOUR, Medium, Plume
from benchmarks.scenes.scene import Kind, SceneEvent, Xyxy
from benchmarks.scenes.traffic import Traffic, lorry_of

_VISIBLE = 0.05
"""Opacity that counts as visible, as in `benchmarks.scenes.render`."""

_WIDE, _WIDE_EVERY_S = 0.04, 0.25
"""Share of the picture's width from which an outlet is a cooling tower's: its puffs are vast and can be fewer."""

_BEFORE_S = 90.0
"""A source is made so long before it is wanted: that takes a tenth of a second."""

_LINGER_S = 15.0
"""What was emitted has left the picture by then."""


class DayPlume(Plume):
    """A plume whose wind, strength and light may be set anew for each picture."""

    def __init__(
        self,
        event: SceneEvent,
        wind: float,
        outlet_px: tuple[float, float],
        width_px: float,
        size_wh: tuple[int, int],
        seed: int,
    ) -> None:
        self._every_s = _WIDE_EVERY_S if event.kind is Kind.STEAM and width_px > _WIDE * size_wh[0] else None
        self._steady = self._flow_in(event, wind)
        super().__init__(event, self._steady, outlet_px, width_px, size_wh, seed, 1.0)
        self._sunlit = colour(*(DUST_COLOUR if event.kind is Kind.DUST else OWN_COLOUR[event.colour]))

    def under(self, time_s: float, wind: float, light: float, strength: float = 1.0) -> Medium | None:
        """Return the plume at `time_s` of its own, its optical depth times `strength`."""
        self._flow = self._flow_in(self._event, wind)
        self._own = self._sunlit * np.float32(light)
        medium = self.medium(time_s)
        if medium is None or strength == 1.0:
            return medium
        thinner = np.power(np.maximum(medium.transmission, np.float32(1e-4)), np.float32(strength))
        share = (1 - thinner) / np.maximum(1 - medium.transmission, np.float32(1e-4))
        return Medium(medium.left, medium.top, thinner, np.asarray(medium.path * share[..., None], np.float32))

    def _flow_in(self, event: SceneEvent, wind: float) -> Flow:
        flow = flow_of(event, wind)
        return flow if self._every_s is None else replace(flow, every_s=self._every_s)

    def _ruffle(self, thin: Plane, scattered: Plane, left: int, top: int, time_s: float) -> tuple[Plane, Plane]:
        # Eddies are found by how far the wind has come since the start: one that changed would throw them about.
        now, self._flow = self._flow, self._steady
        ruffled = super()._ruffle(thin, scattered, left, top, time_s)
        self._flow = now
        return ruffled


@dataclass(frozen=True, slots=True)
class Emitted:
    """
    What one source has in the air.

    Attributes:
        kind: of the source.

        planted: index of the real event that it belongs to; ``None`` of what only looks like one.

        medium: as it stands in the picture.
    """

    kind: Kind
    planted: int | None
    medium: Medium

    @property
    def xyxy(self) -> Xyxy | None:
        """The box around what is more than 5 % opaque; ``None`` where nothing is."""
        seen = 1 - self.medium.transmission > _VISIBLE
        columns, rows = np.flatnonzero(seen.any(0)), np.flatnonzero(seen.any(1))
        if not len(columns):
            return None
        left, top = self.medium.left, self.medium.top
        return (
            float(left + columns[0]), float(top + rows[0]),
            float(left + columns[-1] + 1), float(top + rows[-1] + 1),
        )  # fmt: skip


class Sources:
    """
    The sources of one camera's day, made when they are wanted and forgotten after.

    Args:
        script: the day.

        land: where they stand.

        size_wh: picture size.
    """

    def __init__(self, script: Script, land: Land, size_wh: tuple[int, int]) -> None:
        self._script, self._land, self._wh = script, land, size_wh
        self._vents: dict[tuple[int, int], DayPlume] = {}
        self._planted: dict[int, list[DayPlume | Flames]] = {}
        self._dust: dict[int, tuple[DayPlume, Traffic | None]] = {}
        self._puffing = {
            number: Wander(script.seed, f"opacity of {vent.name}", 240.0, -0.55, 0.35)
            for number, vent in enumerate(script.vents)
        }

    def lorries(self, image: Plane, time_s: float, light: float) -> None:
        """Draw the lorries that raise dust into `image`, in place."""
        for number, passing in self._passing(time_s):
            _, lorry = self._dust_of(number, passing, light)
            if lorry is not None:
                lorry.drive(image, time_s - passing.start_s)

    def shine(self, image: Plane, time_s: float) -> None:
        """Let flames light up what surrounds them in `image`, in place."""
        for number, event in self._events(time_s):
            for source in self._sources_of(number, event):
                if isinstance(source, Flames):
                    source.shine(image, time_s - event.start_s)

    def emitted(self, time_s: float, light: float) -> Iterator[Emitted]:
        """Yield what is in the air at a second of the day."""
        wind = self._script.wind.at(time_s)
        for number, vent in enumerate(self._script.vents):
            yield from self._steam(number, vent, time_s, wind, light)
        for number, passing in self._passing(time_s):
            plume, _ = self._dust_of(number, passing, light)
            medium = plume.under(time_s - passing.start_s, wind, light)
            if medium is not None:
                yield Emitted(Kind.DUST, None, medium)
        for number, event in self._events(time_s):
            for source in self._sources_of(number, event):
                at = time_s - event.start_s
                is_fire = isinstance(source, Flames)
                medium = source.medium(at) if isinstance(source, Flames) else source.under(at, wind, light)
                if medium is not None:
                    yield Emitted(Kind.FIRE if is_fire else Kind.SMOKE, number, medium)

    def _steam(self, number: int, vent: Vent, time_s: float, wind: float, light: float) -> Iterator[Emitted]:
        for run, shift in enumerate(vent.shifts):
            key = (number, run)
            if not shift.start_s - _BEFORE_S <= time_s <= shift.end_s + _LINGER_S:
                self._vents.pop(key, None)
                continue
            if key not in self._vents:
                event = replace(vent.event, end_s=shift.end_s - shift.start_s)
                self._vents[key] = self._plume(event, wind, 17 * number + run)
            strength = math.exp(self._puffing[number].at(time_s))
            medium = self._vents[key].under(time_s - shift.start_s, wind, light, strength)
            if medium is not None:
                yield Emitted(Kind.STEAM, None, medium)

    def _passing(self, time_s: float) -> Sequence[tuple[int, Passing]]:
        now = [(number, one) for number, one in enumerate(self._script.dust) if one.start_s - 5 <= time_s <= one.end_s]
        self._dust = {number: self._dust[number] for number, _ in now if number in self._dust}
        return now

    def _dust_of(self, number: int, passing: Passing, light: float) -> tuple[DayPlume, Traffic | None]:
        if number not in self._dust:
            event = passing.event
            plume = self._plume(event, self._script.wind.at(passing.start_s), 400 + number)
            lorry = (
                Traffic(0, self._land.road, self._wh, self._script.seed + number, light, [event])
                if event.speed
                else None
            )
            self._dust[number] = plume, lorry
        return self._dust[number]

    def _events(self, time_s: float) -> Sequence[tuple[int, Planted]]:
        now = [
            (number, one)
            for number, one in enumerate(self._script.planted)
            if one.start_s - 5 <= time_s <= one.end_s + _LINGER_S
        ]
        self._planted = {number: self._planted[number] for number, _ in now if number in self._planted}
        return now

    def _sources_of(self, number: int, planted: Planted) -> list[DayPlume | Flames]:
        if number not in self._planted:
            wind = self._script.wind.at(planted.start_s)
            self._planted[number] = [
                self._flames(event, 900 + 10 * number + part)
                if event.kind is Kind.FIRE
                else self._plume(event, wind, 900 + 10 * number + part)
                for part, event in enumerate(planted.sources)
            ]
        return self._planted[number]

    def _outlet(self, event: SceneEvent) -> tuple[tuple[float, float], float]:
        """Return the outlet's middle and width in pixels, as `benchmarks.scenes.render.Stage` has it."""
        if event.speed:
            lorry = lorry_of(event, self._land.road, self._wh)
            return lorry.exhaust_px, lorry.exhaust_width_px
        at = event.at or self._land.lip
        width = (event.width or self._land.lip_width * 0.86) * self._wh[0]
        return (at[0] * self._wh[0], at[1] * self._wh[1]), width

    def _plume(self, event: SceneEvent, wind: float, number: int) -> DayPlume:
        outlet_px, width_px = self._outlet(event)
        return DayPlume(event, wind, outlet_px, width_px, self._wh, self._script.seed * 101 + number)

    def _flames(self, event: SceneEvent, number: int) -> Flames:
        outlet_px, width_px = self._outlet(event)
        return Flames(event, outlet_px, width_px, self._wh, self._script.seed * 101 + number)
