"""
Plume reading: the opacity just above an outlet, from the pictures of some seconds and the clean ones before them.

Aligned pictures (`vision.plume.surroundings`) are averaged, which removes noise and most of the plume's turbulence; a
field of transmission is fitted against the clean background (`vision.plume.plume_field`) and read along the plume. The
background must be unchanged beside the plume and within the clean time. Where opacity cannot be measured well, the
reading has a refusal instead of a number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np

from vision.plume.opacity import Transmission, one_background_opacity, transmission
from vision.plume.plume_field import FieldFit, Plane
from vision.plume.plume_view import PlumeView, Spots
from vision.plume.surroundings import Part, Surroundings, Window
from vision.plume.validity import Refusal
from vision.scene.light import Linear

BLOCKS = 5
"""Parts of a reading; each is left out once, and the spread is the uncertainty by turbulence and noise."""

SD_LIMIT = 0.075
"""Largest standard deviation of a number that is given: twice it is 15 %, the most a certified observer may err
(domain.md 1.3)."""

CONTRAST_LIMIT = 0.012
"""
Least standard deviation of the background's texture where opacity is read, linear. Even skies have less; walls with
windows, trees and stripes 0.02 to 0.13 (`python -m benchmarks.opacity`).
"""

STILL_R2 = 0.8
"""
Share of the background's texture that its two halves must share, and the picture beside the plume too: clouds move.
"""

DRIFT_LIMIT = 0.1
"""Most opacity that may be found where there is none: in the clean half, and beside the plume."""

_CALM = 0.02
"""Change of light beside the plume, as a share of the light, that noise and exposure leave on both sides."""

HAZY = 0.12
"""
Veil from which opacity is not read: the air before the plume adds light too. Rendered rain has 0.14 to 0.19, fog more,
other weather 0.06 at most. Of 40 photographs each of streets, yards and fixed cameras 0 to 3 % are above, of clouds and
sunshine 10 to 12 %, of rain 17 % and of fog 30 %.
"""

DARK = 0.02
"""Mean linear light below which nothing is measured (domain.md 7.3)."""

SATURATED_SHARE = 0.05
"""Largest share of saturated pixels in the window."""

LEAST_SEEN = 0.05
"""Opacity below which a plume's light alone proves nothing: an observer reads to the nearest 5 %."""

OWN_LIGHT_FROM = 0.1
"""Opacity from which a plume's own light is given: below, the division is too uncertain."""

SMOOTH = 0.25
"""Width of slow changes, in outlet widths: a plume's own light changes over its width."""

ABOVE = Window(SMOOTH, 0.35, 1.2)
"""Just above the lip: where light, its change and its loss to saturation are compared."""

_CONTROLS = (Window(SMOOTH, 0.35, 1.2, -2.0), Window(SMOOTH, 0.35, 1.2, 2.0))
"""
Beside the plume, where the same regression must find full transmission; the wind blows to one side only. An outlet near
the picture's edge has one of them or none.
"""


Bgr = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class OpacityReading:
    """
    A screening value, or why there is none.

    Attributes:
        opacity: in [0, 1]; ``None`` where `refusal` says why.

        sd: its standard deviation (`Veil.opacity`) with the background's own changes; ``None`` where nothing was
            measured.

        r2: share of the seen texture that the background explains.

        contrast: standard deviation of the background's texture where opacity is read, linear.

        least: the least opacity of a plume darker than its background, from its light alone, less the changes of the
            background's light; ``None`` for a plume that is not darker.

        own_light: linear blue, green, red of the plume where it would be opaque; ``None`` below 10 % opacity.

        pictures: that were averaged.

        refusal: ``None`` where the number holds.

        light: linear blue, green, red that is seen above the lip; ``None`` where nothing was measured.

        behind: likewise what was seen there while the outlet was clean.

        change: difference of the window from the background, as a share of its light, beyond that beside the plume;
            given with a refusal too.
    """

    opacity: float | None
    sd: float | None
    r2: float
    contrast: float
    least: float | None
    own_light: Bgr | None
    pictures: int
    refusal: Refusal | None
    light: Bgr | None = None
    behind: Bgr | None = None
    change: float = 0.0


class PlumeReader:
    """
    Reads the opacity above one outlet against a clean background.

    Args:
        surroundings: of the outlet; they aligned all parts.

        clean: parts without emission, at least two with pictures.

    Raises `ValueError` for too few clean parts.
    """

    def __init__(self, surroundings: Surroundings, clean: Sequence[Part]) -> None:
        means = _means(clean)
        if len(means) < 2:
            raise ValueError(f"a clean background needs two parts that show the place; found {len(means)}")
        self._surroundings, self._view = surroundings, PlumeView(surroundings)
        self._controls = [window for window in _CONTROLS if surroundings.holds(window)]
        half = len(means) // 2
        self._first, self._second = _mean(means[:half]), _mean(means[half:])
        self._background = _mean(means)
        self._saturated = max(part.saturated for part in clean)
        self._brightest = median(part.air.brightest for part in clean if part.air is not None)

    @property
    def brightest(self) -> float:
        """Linear luminance of the brightest in the picture while the outlet is clean."""
        return self._brightest

    def read(self, parts: Sequence[Part]) -> OpacityReading:
        """Return the mean opacity over the parts of a reading, in their order."""
        pictures = sum(part.pictures for part in parts)
        refusal = self._refusal(parts)
        if refusal is not None:
            return refused(refusal, pictures)
        return self._measured(_means(parts), pictures)

    def _refusal(self, parts: Sequence[Part]) -> Refusal | None:
        """Return why the pictures may not be read, before anything is measured in them."""
        shown = [part for part in parts if part.mean is not None]
        reasons = {
            Refusal.CAMERA_MOVED: sum(part.lost for part in parts) * 2 > sum(part.pictures for part in parts),
            Refusal.FEW_PICTURES: len(shown) < BLOCKS,
            Refusal.INFRARED: all(part.colourless for part in shown),
            Refusal.WEATHER: median(part.air.veil for part in parts if part.air is not None) > HAZY,
            Refusal.DARK: float(self._background.mean()) < DARK,
            Refusal.SATURATED: max(self._saturated, *(part.saturated for part in parts)) > SATURATED_SHARE,
        }
        return next((refusal for refusal, holds in reasons.items() if holds), None)

    def change(self, part: Part) -> float:
        """Return `OpacityReading.change` of one part; 0 where it shows another place."""
        return 0.0 if part.mean is None else self._change(part.mean)

    def _measured(self, means: Sequence[Linear], pictures: int) -> OpacityReading:
        mean, view = _mean(means), self._view
        veil = FieldFit(view.luminance(self._background), view.knot_px).fit([view.luminance(one) for one in means])
        spots = view.spots(veil.transmission)
        opacity, spread = veil.opacity(spots.mean)
        found = self._through(mean, self._background, spots)
        still = self._through(self._second, self._first, spots)
        beside = self._beside(mean)
        drift = max(abs(1 - still.share), 0.0 if beside is None else abs(1 - beside.share))
        sd = math.hypot(spread, max(0.0, 1 - opacity) * drift)
        refusal = None
        if found.contrast < (CONTRAST_LIMIT if beside else 2 * CONTRAST_LIMIT):
            refusal = Refusal.NO_CONTRAST
        elif still.r2 < STILL_R2 or (beside is not None and beside.r2 < STILL_R2) or drift > DRIFT_LIMIT:
            refusal = Refusal.BACKGROUND_MOVES
        elif sd > SD_LIMIT:
            refusal = Refusal.UNCERTAIN
        opacity = min(max(opacity, 0.0), 1.0)
        return OpacityReading(
            opacity=None if refusal else opacity,
            sd=sd,
            r2=found.r2,
            contrast=found.contrast,
            least=self._least(mean),
            own_light=None if refusal or opacity < OWN_LIGHT_FROM else self._own_light(mean, veil.transmission),
            pictures=pictures,
            refusal=refusal,
            light=self._light(mean),
            behind=self._light(self._background),
            change=self._change(mean),
        )

    def _through(self, seen: Linear, background: Linear, spots: Spots) -> Transmission:
        return transmission(self._view.texture(seen, spots), self._view.texture(background, spots))

    def _beside(self, seen: Linear) -> Transmission | None:
        """Return how the background is seen beside the plume, without smoke; ``None`` where it has no texture."""
        changes = [self._difference(seen, at) for at in self._controls]
        calm = [at for at, change in zip(self._controls, changes, strict=True) if change <= 2 * min(changes) + _CALM]
        textured = [one for one in (self._texture(seen, at) for at in calm) if one.contrast >= CONTRAST_LIMIT / 2]
        return min(textured, key=lambda one: abs(1 - one.share), default=None)

    def _least(self, mean: Linear) -> float | None:
        """
        Return the opacity that the light alone proves, against the darkest that the background may have become.

        ``None`` where that is too little, or where nothing beside the plume is shown, since there may be a shadow.
        """
        if not self._controls:
            return None
        clean, seen = (self._brightness(image, ABOVE) for image in (self._background, mean))
        wander = max(abs(self._brightness(half, ABOVE) / clean - 1) for half in (self._first, self._second))
        beside = [self._brightness(mean, at) / self._brightness(self._background, at) for at in self._controls]
        least = one_background_opacity(seen, clean * min(1.0, max(beside))) - wander
        return least if least > LEAST_SEEN else None

    def _change(self, mean: Linear) -> float:
        above, *beside = (self._difference(mean, window) for window in (ABOVE, *self._controls))
        return max(0.0, above - 2 * min(beside, default=0.0))

    def _difference(self, image: Linear, window: Window) -> float:
        """Return the root mean square difference from the background, as a share of its light."""
        at = self._surroundings.rows_columns(window)
        clean = self._background[at]
        return float(np.sqrt(np.mean((image[at] - clean) ** 2)) / max(float(clean.mean()), 1e-3))

    def _brightness(self, image: Linear, window: Window) -> float:
        return max(float(image[self._surroundings.rows_columns(window)].mean()), 1e-6)

    def _light(self, image: Linear) -> Bgr:
        blue, green, red = (float(value) for value in image[self._surroundings.rows_columns(ABOVE)].mean((0, 1)))
        return blue, green, red

    def _own_light(self, seen: Linear, transmission_field: Plane) -> Bgr:
        opacity = (1 - transmission_field)[..., None]
        path = self._view.light(seen) - transmission_field[..., None] * self._view.light(self._background)
        own = (opacity * path).sum((0, 1)) / (opacity**2).sum()
        blue, green, red = (float(max(value, 0.0)) for value in own)
        return blue, green, red

    def _texture(self, seen: Linear, window: Window) -> Transmission:
        sigma = window.smooth * self._surroundings.outlet.width_px
        at = self._surroundings.rows_columns(window)
        slow = (cv2.GaussianBlur(image, (0, 0), sigma) for image in (seen, self._background))
        fast = [
            (image - blurred)[at].reshape(-1, 3) for image, blurred in zip((seen, self._background), slow, strict=True)
        ]
        return transmission(fast[0], fast[1])


def refused(refusal: Refusal, pictures: int) -> OpacityReading:
    """Return a reading that has no number and measured nothing."""
    return OpacityReading(None, None, 0.0, 0.0, None, None, pictures, refusal)


def _means(parts: Sequence[Part]) -> list[Linear]:
    return [part.mean for part in parts if part.mean is not None]


def _mean(means: Sequence[Linear]) -> Linear:
    return np.asarray(np.mean(means, axis=0), np.float32)
