"""
Steam test: whether an outlet emits condensed water, which is white and ends within a few outlet widths.

Smoke and dust taper slowly; steam evaporates with a ragged edge (domain.md 1.6). No clean background is needed, since
steam is often there from the beginning: the churning above the lip (`vision.plume.turbulence`) is measured ring by
ring, in outlet widths. Where it ends, the plume is steam only if a third of the churning near the lip would still be
visible there. Before a sky as bright as the plume the end cannot be seen, and nothing is decided (decision 0043).
"""

from collections import deque
from statistics import median

import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage
from vision.config.zones import Outlet
from vision.plume.air_sectors import SECTORS, AirSectors
from vision.plume.dissipation import ABOVE_AN_OUTLET, FAINT_LEVELS, LEFT_OVER, MIDDLE, NEAR, Dissipation, Terms
from vision.plume.turbulence import Floats, Turbulence
from vision.scene.light import Linear, linear

JUDGEMENTS = 6
"""Newest judgements, taken by their median: a gust hides the end of a plume for a moment."""

BEHIND_LEVELS = 8.0
"""
8-bit levels by which the calm sky on a plume's further way must be darker than the plume for its end to be seen.
Rendered steam before a clear sky 33 to 56, before an overcast one 4 to 15; white smoke before bright clouds -42 to 0.
"""


class SteamTest:
    """
    Watches the air above one outlet in pictures of one size, in their order.

    Args:
        outlet: in pixels of those pictures.

        size_wh: of them.

        terms: on which it counts as steam.
    """

    def __init__(self, outlet: Outlet, size_wh: tuple[int, int], terms: Terms = ABOVE_AN_OUTLET) -> None:
        self._terms = terms
        self._rings = AirSectors(outlet, size_wh, terms.far[1] + 1)
        self._near = self._rings.where(slice(*NEAR))
        self._churning = Turbulence(self._rings.part, self._rings.cells_wh)
        self._judged: deque[Dissipation] = deque(maxlen=JUDGEMENTS)
        self._ended: deque[bool] = deque(maxlen=JUDGEMENTS)

    @property
    def is_steam(self) -> bool:
        """Whether the newest judgements together show steam."""
        return self._ends and self._behind >= BEHIND_LEVELS

    @property
    def may_be_steam(self) -> bool:
        """
        Whether a white plume ends, or ended a moment ago.

        Where the sky is as bright as the plume this may be smoke that continues unseen.
        """
        return any(self._ended)

    @property
    def is_open(self) -> bool:
        """Whether there are too few pictures to decide."""
        return not self._judged

    @property
    def is_made_out(self) -> bool:
        """Whether enough churns near the lip in the newest judgement, even if faint."""
        return bool(self._judged) and self._judged[-1].is_seen(FAINT_LEVELS)

    @property
    def is_undecided(self) -> bool:
        """Whether the newest judgement is of something white or pale that is not yet seen to continue."""
        if not self._judged:
            return True
        newest = self._judged[-1]
        return (newest.is_white or newest.is_pale) and not (newest.is_seen() and newest.left_over > LEFT_OVER)

    @property
    def _ends(self) -> bool:
        """Whether what churns near the lip looks like condensed water and ends."""
        return self._terms.are_met_by(self._judged)

    @property
    def _behind(self) -> float:
        return median(fading.behind for fading in self._judged)

    def begin_anew(self) -> None:
        """Forget the pictures: the next one cannot be compared with them."""
        self._churning.begin_anew()
        self._judged.clear()
        self._ended.clear()

    def observe(self, image: BgrImage) -> Dissipation | None:
        """Add the next picture; return how far churning reaches, ``None`` before enough pictures."""
        cells = self._churning.observe(image)
        if not self._churning.is_known:
            return None
        unrest = self._churning.of_all
        light, brightest = linear(cells), float(np.percentile(linear(image[::8, ::8]).mean(2), 95))
        fading = self._fading(light, brightest, unrest)
        self._judged.append(fading)
        self._ended.append(self._ends)
        return fading

    def _fading(self, light: Linear, brightest: float, unrest: Floats) -> Dissipation:
        profile = self._rings.means(unrest) - float(np.median(unrest))
        seen = np.nan_to_num(profile[slice(*NEAR)])
        ring, sector = divmod(int(seen.argmax()), SECTORS)
        place = self._rings.where(slice(NEAR[0] + ring, NEAR[0] + ring + 1), slice(sector, sector + 1))
        far, beside = slice(*self._terms.far), slice(max(0, sector - 1), sector + 2)
        brightness, share, tint = self._shade(light, brightest, unrest, place)
        return Dissipation(
            near=float(seen.max()),
            middle=_largest(profile[MIDDLE]),
            far=_largest(profile[far]),
            brightness=brightness,
            light=share,
            tint=tint,
            is_whole=self._rings.are_shown(far, beside),
            behind=self._behind_by(unrest * place, self._rings.where(far, beside)),
        )

    def _behind_by(self, weight: Floats, way: NDArray[np.bool_]) -> float:
        """Return by how much the further way is darker than what churns, in the mean of the pictures, 8-bit levels."""
        grey = self._churning.grey
        if not way.any() or weight.sum() <= 0:
            return 0.0
        return float((grey * weight).sum() / weight.sum() - np.median(grey[way]))

    def _shade(
        self, light: Linear, brightest: float, unrest: Floats, place: NDArray[np.bool_]
    ) -> tuple[float, float, float]:
        """Return `Dissipation.brightness`, `light` and `tint` of what churns in `place`, against what is calm."""
        weight = (unrest * place)[..., None]
        seen = (light * weight).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        calm = np.median(light[self._near & (unrest <= np.median(unrest[self._near]))], axis=0)
        shares = seen / np.maximum(calm, 1e-6)
        least = float(shares.min())
        return float(seen.mean()) / max(brightest, 1e-6), least, float(shares.max()) / max(least, 1e-6)


def _largest(values: NDArray[np.float64]) -> float:
    """Return the largest of the places that the picture shows; 0 where it shows none."""
    shown = values[~np.isnan(values)]
    return float(shown.max()) if shown.size else 0.0
