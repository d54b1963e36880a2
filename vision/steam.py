"""
Steam test: whether what leaves an outlet is condensed water, which is white and is gone within a few outlet widths.

Smoke and dust taper slowly; steam evaporates with a ragged edge (domain.md 1.6). No clean background is needed, since
steam often stands there from the beginning: what churns above the lip (`vision.churning`) is looked at ring by ring, in
outlet widths. Where the churning ends it is steam only if a third of what is seen near the lip would still be seen
further out. Clouds that drive past above it churn too: where it is known how the sky drives, what drives with it is
left out. Before a sky as bright as itself a white plume ends for the eye wherever that begins: there nothing is said of
it (decision 0043).
"""

from collections import deque
from statistics import median

import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from streams.frame import BgrImage
from vision.churning import Churning, Floats
from vision.fading import ABOVE_AN_OUTLET, FAINT_LEVELS, LEFT_OVER, MIDDLE, NEAR, Fading, Terms
from vision.motion import Motion
from vision.opacity import Linear, linear
from vision.zones import Outlet

JUDGEMENTS = 6
"""Newest judgements that are taken together, by their median: a gust hides the end of a plume for a moment."""

BEHIND_LEVELS = 8.0
"""
8-bit levels by which what is calm on a plume's further way must be darker than the plume, for its end to be seen.
Rendered steam before a clear sky 33 to 56, before an overcast one 4 to 15; white smoke before bright clouds -42 to 0.
"""

_CELLS = 4
_DOWN = 1.0
_SECTORS, _SECTOR_DEG = 8, 22.5
_UPRIGHT = slice(2, 6)


class SteamTest:
    """
    Watches the air above one outlet in pictures of one size, in their order.

    Args:
        outlet: in pixels of those pictures.

        size_wh: of them.

        terms: of calling it steam.
    """

    def __init__(self, outlet: Outlet, size_wh: tuple[int, int], terms: Terms = ABOVE_AN_OUTLET) -> None:
        self._terms = terms
        width, height = size_wh
        count = terms.far[1] + 1
        reach = count * outlet.width_px
        left, right = max(0, int(outlet.x - reach)), min(width, int(outlet.x + reach) + 1)
        top, bottom = max(0, int(outlet.y - reach)), min(height, int(outlet.y + _DOWN * outlet.width_px) + 1)
        cell = max(outlet.width_px / _CELLS, 1.0)
        cells_wh = (max(2, round((right - left) / cell)), max(2, round((bottom - top) / cell)))
        x = left + (np.arange(cells_wh[0]) + 0.5) * (right - left) / cells_wh[0] - outlet.x
        y = outlet.y - (top + (np.arange(cells_wh[1]) + 0.5) * (bottom - top) / cells_wh[1])
        rings = np.floor(np.hypot(x[None, :], y[:, None]) / outlet.width_px).astype(int)
        sectors = np.floor(np.degrees(np.arctan2(y[:, None], x[None, :])) / _SECTOR_DEG).astype(int)
        above = (y[:, None] > 0) & (rings < count)
        self._places = [
            [above & (rings == ring) & (sectors == sector) for sector in range(_SECTORS)] for ring in range(count)
        ]
        self._near = np.any([place for ring in self._places[slice(*NEAR)] for place in ring], axis=0)
        self._churning = Churning((slice(top, bottom), slice(left, right)), size_wh, cells_wh)
        self._judged: deque[Fading] = deque(maxlen=JUDGEMENTS)
        self._before_clouds: deque[Fading] = deque(maxlen=JUDGEMENTS)
        self._ended: deque[bool] = deque(maxlen=JUDGEMENTS)

    @property
    def is_steam(self) -> bool:
        """Whether the last judgements together say so."""
        return self._ends and self._behind >= BEHIND_LEVELS

    @property
    def may_be_steam(self) -> bool:
        """
        Whether a white plume ends, or did so a moment ago.

        Where the sky is as bright as the plume it may as well be smoke that goes on unseen.
        """
        return any(self._ended)

    @property
    def has_air(self) -> bool:
        """Whether the picture shows the air straight above the outlet as far as steam reaches and further."""
        return all(place.any() for ring in self._places[slice(*self._terms.far)] for place in ring[_UPRIGHT])

    @property
    def is_open(self) -> bool:
        """Whether too few pictures were seen to say anything."""
        return not self._judged

    @property
    def is_made_out(self) -> bool:
        """Whether enough churns near the lip in the newest judgement, were it faint."""
        return bool(self._judged) and self._judged[-1].is_seen(FAINT_LEVELS)

    @property
    def is_undecided(self) -> bool:
        """Whether the newest judgement is of something white or pale that is not seen to go on, or not yet."""
        if not self._judged:
            return True
        newest = [judged[-1] for judged in (self._judged, self._before_clouds) if judged]
        if not (newest[0].is_white or newest[0].is_pale):
            return False
        return not all(fading.is_seen() and fading.left_over > LEFT_OVER for fading in newest)

    @property
    def _ends(self) -> bool:
        """Whether what churns near the lip is condensed water by its look, and ends."""
        return self._terms.are_met_by(self._judged, self._before_clouds)

    @property
    def _behind(self) -> float:
        return median(fading.behind for fading in self._judged)

    def begin_anew(self) -> None:
        """Forget the pictures: the next one does not compare with them."""
        self._churning.begin_anew()
        for judged in (self._judged, self._before_clouds):
            judged.clear()
        self._ended.clear()

    def observe(self, image: BgrImage, time: CaptureTime, motion: Motion | None = None) -> Fading | None:
        """
        Take in the next picture; return how far churning reaches, ``None`` before enough pictures.

        `motion` is how the sky drives, where that is known.
        """
        cells = self._churning.observe(image, time, motion)
        if not self._churning.is_known:
            return None
        unrest, calmed = self._churning.of_all, self._churning.of_what_does_not_drive
        fading = self._fading(cells, image, unrest)
        self._judged.append(fading)
        if calmed is None:
            self._before_clouds.clear()
        else:
            self._before_clouds.append(self._fading(cells, image, self._lesser(unrest, calmed)))
        self._ended.append(self._ends)
        return fading

    def _lesser(self, unrest: Floats, calmed: Floats) -> Floats:
        """Return of each place what is explained better: by staying or by driving with the sky."""
        lesser = unrest.copy()
        for place in (place for ring in self._places for place in ring if place.any()):
            if calmed[place].mean() < unrest[place].mean():
                lesser[place] = calmed[place]
        return lesser

    def _fading(self, cells: BgrImage, image: BgrImage, unrest: Floats) -> Fading:
        floor = float(np.median(unrest))
        profile = [
            [float(unrest[place].mean()) - floor if place.any() else None for place in ring] for ring in self._places
        ]
        near, sector, ring = max(
            ((value or 0.0, sector, ring) for ring in range(*NEAR) for sector, value in enumerate(profile[ring])),
            key=lambda seen: seen[0],
        )
        far = [value for ring in range(*self._terms.far) for value in profile[ring] if value is not None]
        way = [self._places[ring][beside] for ring in range(*self._terms.far) for beside in _beside(sector)]
        brightness, light, tint = self._shade(linear(cells), unrest, self._places[ring][sector], image)
        return Fading(
            near=near,
            middle=max((value for value in profile[MIDDLE] if value is not None), default=0.0),
            far=max(far, default=0.0),
            brightness=brightness,
            light=light,
            tint=tint,
            is_whole=all(place.any() for place in way),
            behind=self._behind_by(unrest * self._places[ring][sector], np.any(way, axis=0)),
        )

    def _behind_by(self, weight: Floats, way: NDArray[np.bool_]) -> float:
        """Return by how much what is on the further way is darker than what churns, in the mean of the pictures."""
        grey = self._churning.grey
        if not way.any() or weight.sum() <= 0:
            return 0.0
        return float((grey * weight).sum() / weight.sum() - np.median(grey[way]))

    def _shade(
        self, light: Linear, unrest: Floats, place: NDArray[np.bool_], image: BgrImage
    ) -> tuple[float, float, float]:
        """Return `Fading.brightness`, `light` and `tint` of what churns in `place`, against what is calm beside it."""
        weight = (unrest * place)[..., None]
        seen = (light * weight).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        calm = np.median(light[self._near & (unrest <= np.median(unrest[self._near]))], axis=0)
        brightest = float(np.percentile(linear(image[::8, ::8]).mean(2), 95))
        shares = seen / np.maximum(calm, 1e-6)
        least = float(shares.min())
        return float(seen.mean()) / max(brightest, 1e-6), least, float(shares.max()) / max(least, 1e-6)


def _beside(sector: int) -> range:
    return range(max(0, sector - 1), min(_SECTORS, sector + 2))
