"""
Plume reading: the opacity just above an outlet, from the pictures of some seconds and the clean ones before them.

From the mean of pictures laid over each other (`vision.surroundings`), which takes away noise and the plume's own
turbulence, and from the clean background's, what varies slowly over the window is taken away, since a plume's own
light does; what is left is the background's texture, and the share of its contrast that comes through is the
transmission (`vision.opacity`). Where that cannot be measured well, the reading says why and gives no number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np

from vision.opacity import Linear, Transmission, one_background_opacity, transmission
from vision.surroundings import Part, Surroundings, Window
from vision.validity import Refusal
from vision.weather import VEILED

BLOCKS = 5
"""Parts of a reading that are measured by themselves too: their spread is what turbulence and noise leave unsure."""

SD_LIMIT = 0.075
"""Largest standard deviation of a number that is given: twice it is 15 %, the most a certified observer may err
(domain.md 1.3)."""

CONTRAST_LIMIT = 0.012
"""
Least standard deviation of the background's texture, linear. Skies have 0.002 to 0.02 and move; walls with windows,
trees and stripes 0.02 to 0.13 (`python -m benchmarks.opacity`).
"""

STILL_R2 = 0.8
"""Share of the background's texture that must be there in its second half as in its first, and beside the plume as
before it: clouds move."""

DRIFT_LIMIT = 0.1
"""Most opacity that may be found where there is none: in the clean half, and beside the plume."""

DARK = 0.02
"""Mean linear light below which nothing is measured (domain.md 7.3)."""

SATURATED_SHARE = 0.05
"""Share of saturated pixels in the window that is borne."""

LEAST_SEEN = 0.05
"""Opacity below which nothing is claimed of a plume's light alone: the nearest 5 % is what an observer reads."""

OWN_LIGHT_FROM = 0.1
"""Opacity from which a plume's own light is told: below it is divided by next to nothing."""

SMOOTH = 0.25
"""Width of what counts as slow, in outlet widths: a plume's own light changes over its own width."""

ABOVE = Window(SMOOTH, 0.35, 1.2)
"""Where opacity is read: just above the lip."""

_ALTERNATIVES = (Window(0.4, 0.35, 1.2), Window(SMOOTH, 0.35, 0.8), Window(SMOOTH, 0.25, 1.2))
_CONTROLS = (Window(SMOOTH, 0.35, 1.2, -2.0), Window(SMOOTH, 0.35, 1.2, 2.0))
"""Beside the plume, where the same regression must find nothing taken away; the wind blows to one side only."""


Bgr = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class OpacityReading:
    """
    A screening value, or why there is none.

    Attributes:
        opacity: in [0, 1]; ``None`` where `refusal` says why.

        sd: its standard deviation, from its parts' spread, the windows' spread and the background's own stillness;
            ``None`` with no number at all.

        r2: share of what is seen that the background explains.

        contrast: of the background, linear.

        least: the least opacity that a plume darker than its background can have, from its light alone: in favour of
            whoever is accused, less what the background's light wanders; ``None`` for a plume that is not darker.

        own_light: linear blue, green, red of the plume where it would be opaque; ``None`` below 10 % opacity.

        pictures: that were averaged.

        refusal: ``None`` where the number holds.

        light: linear blue, green, red that is seen above the lip; ``None`` where nothing was measured.

        behind: likewise what was seen there while the outlet was clean.

        change: by how much of the background's light the window differs from it, beyond what it does beside the plume;
            told with a refusal too.
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
        surroundings: of the outlet; all parts were laid by it.

        clean: parts without emission, at least two with pictures.

    Raises `ValueError` for too few clean parts.
    """

    def __init__(self, surroundings: Surroundings, clean: Sequence[Part]) -> None:
        means = _means(clean)
        if len(means) < 2:
            raise ValueError(f"a clean background needs two parts that show the place; found {len(means)}")
        self._surroundings = surroundings
        half = len(means) // 2
        self._first, self._second = _mean(means[:half]), _mean(means[half:])
        self._background = _mean(means)
        self._saturated = max(part.saturated for part in clean)
        self._brightest = median(part.air.brightest for part in clean if part.air is not None)

    @property
    def brightest(self) -> float:
        """Linear luminance of what is brightest in the picture while the outlet is clean."""
        return self._brightest

    def read(self, parts: Sequence[Part]) -> OpacityReading:
        """Return the mean opacity over the parts of a reading, in their order."""
        pictures = sum(part.pictures for part in parts)
        refusal = self._refusal(parts)
        if refusal is not None:
            return refused(refusal, pictures)
        weights = [part.pictures - part.lost for part in parts if part.mean is not None]
        return self._measured(_means(parts), weights, pictures)

    def _refusal(self, parts: Sequence[Part]) -> Refusal | None:
        """Return why the pictures may not be read, before anything is measured in them."""
        shown = [part for part in parts if part.mean is not None]
        reasons = {
            Refusal.CAMERA_MOVED: sum(part.lost for part in parts) * 2 > sum(part.pictures for part in parts),
            Refusal.FEW_PICTURES: len(shown) < BLOCKS,
            Refusal.INFRARED: all(part.colourless for part in shown),
            Refusal.WEATHER: median(part.air.veil for part in parts if part.air is not None) > VEILED,
            Refusal.DARK: float(self._background.mean()) < DARK,
            Refusal.SATURATED: max(self._saturated, *(part.saturated for part in parts)) > SATURATED_SHARE,
        }
        return next((refusal for refusal, holds in reasons.items() if holds), None)

    def change(self, part: Part) -> float:
        """Return what `OpacityReading.change` says, of one part; 0 where it shows another place."""
        return 0.0 if part.mean is None else self._change(part.mean)

    def _measured(self, means: Sequence[Linear], weights: Sequence[int], pictures: int) -> OpacityReading:
        mean = np.asarray(np.average(means, axis=0, weights=weights), np.float32)
        found = self._through(mean, ABOVE)
        blocks = [self._through(block, ABOVE).share for block in means]
        others = [self._through(mean, window).share for window in _ALTERNATIVES]
        still = self._between(self._second, self._first, ABOVE)
        control = min((self._through(mean, window) for window in _CONTROLS), key=lambda beside: abs(1 - beside.share))
        drift = max(abs(1 - still.share), abs(1 - control.share))
        sd = float(np.sqrt(np.var(blocks, ddof=1) / len(blocks) + np.var([found.share, *others], ddof=1) + drift**2))
        refusal = None
        if found.contrast < CONTRAST_LIMIT:
            refusal = Refusal.NO_CONTRAST
        elif still.r2 < STILL_R2 or control.r2 < STILL_R2 or drift > DRIFT_LIMIT:
            refusal = Refusal.BACKGROUND_MOVES
        elif sd > SD_LIMIT:
            refusal = Refusal.UNCERTAIN
        opacity = min(max(found.opacity, 0.0), 1.0)
        return OpacityReading(
            opacity=None if refusal else opacity,
            sd=sd,
            r2=found.r2,
            contrast=found.contrast,
            least=self._least(mean),
            own_light=None if refusal or opacity < OWN_LIGHT_FROM else self._own_light(mean, found.share),
            pictures=pictures,
            refusal=refusal,
            light=self._light(mean),
            behind=self._light(self._background),
            change=self._change(mean),
        )

    def _least(self, mean: Linear) -> float | None:
        """Return what the light alone proves, against the darkest that the background may have become meanwhile."""
        clean, seen = (self._brightness(image, ABOVE) for image in (self._background, mean))
        wander = max(abs(self._brightness(half, ABOVE) / clean - 1) for half in (self._first, self._second))
        beside = max(self._brightness(mean, at) / self._brightness(self._background, at) for at in _CONTROLS)
        least = one_background_opacity(seen, clean * min(1.0, beside)) - wander
        return least if least > LEAST_SEEN else None

    def _change(self, mean: Linear) -> float:
        above, *beside = (self._difference(mean, window) for window in (ABOVE, *_CONTROLS))
        return max(0.0, above - 2 * min(beside))

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

    def _own_light(self, seen: Linear, share: float) -> Bgr:
        at = self._surroundings.rows_columns(ABOVE)
        path = (seen[at] - np.float32(share) * self._background[at]).mean((0, 1)) / max(1 - share, 1e-3)
        blue, green, red = (float(max(value, 0.0)) for value in path)
        return blue, green, red

    def _through(self, seen: Linear, window: Window) -> Transmission:
        return self._between(seen, self._background, window)

    def _between(self, seen: Linear, background: Linear, window: Window) -> Transmission:
        sigma = window.smooth * self._surroundings.outlet.width_px
        at = self._surroundings.rows_columns(window)
        texture = [(image - cv2.GaussianBlur(image, (0, 0), sigma))[at].reshape(-1, 3) for image in (seen, background)]
        return transmission(texture[0], texture[1])


def refused(refusal: Refusal, pictures: int) -> OpacityReading:
    """Return a reading that has no number and measured nothing."""
    return OpacityReading(None, None, 0.0, 0.0, None, None, pictures, refusal)


def _means(parts: Sequence[Part]) -> list[Linear]:
    return [part.mean for part in parts if part.mean is not None]


def _mean(means: Sequence[Linear]) -> Linear:
    return np.asarray(np.mean(means, axis=0), np.float32)
