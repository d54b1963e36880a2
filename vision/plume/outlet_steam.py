"""Outlet steam: whether smoke boxed at one outlet is steam, may be steam, or is too new to say."""

from streams.frame import BgrImage
from vision.config.zones import Outlet
from vision.plume.steam import SteamTest

YOUNG_PICTURES = 10
"""
Pictures for which a white plume that was just boxed is held back while it is not seen to go on: the steam test needs
half of `vision.plume.steam.JUDGEMENTS` before it can decide.
"""

SEEN_BY_PICTURES = 6
"""
Pictures after which only what is seen to churn is held back: rendered steam has its
`vision.plume.dissipation.FAINT_LEVELS` by then, thin white smoke half of them.
"""

AWAY_PICTURES = 4
"""Pictures without a box after which the next box belongs to a new plume, so that one stray box does not count."""


class OutletSteam:
    """The steam test of one outlet, and for how many pictures smoke has been boxed there."""

    def __init__(self) -> None:
        self._test: SteamTest | None = None
        self._boxed = 0
        self._unboxed = 0

    @property
    def is_steam(self) -> bool:
        """Whether the newest pictures show steam."""
        return self._test is not None and self._test.is_steam

    @property
    def may_be_steam(self) -> bool:
        """Whether they may show steam."""
        return self._test is not None and self._test.may_be_steam

    @property
    def is_unknown(self) -> bool:
        """Whether it is not known yet if what is boxed is steam."""
        if self._test is None:
            return False
        is_young = self._boxed <= (YOUNG_PICTURES if self._test.is_made_out else SEEN_BY_PICTURES)
        return self._test.is_open or (is_young and self._test.is_undecided)

    def count(self, *, smokes: bool) -> None:
        """Count the pictures since smoke was first boxed; after `AWAY_PICTURES` without a box start again."""
        self._unboxed = 0 if smokes else self._unboxed + 1
        if self._unboxed >= AWAY_PICTURES:
            self._boxed = 0
        elif smokes or self._boxed:
            self._boxed += 1

    def observe(self, image: BgrImage, outlet: Outlet, *, is_rain: bool) -> None:
        """Take in the next picture; in rain, which churns like steam, the test ends."""
        if is_rain:
            self._test = None
            return
        if self._test is None:
            height, width = image.shape[:2]
            self._test = SteamTest(outlet, (width, height))
        self._test.observe(image)

    def end_test(self) -> None:
        """Forget what churned: the next picture does not compare with the ones before."""
        self._test = None

    def forget(self) -> None:
        """Forget the test and the boxes."""
        self._test = None
        self._boxed = 0
