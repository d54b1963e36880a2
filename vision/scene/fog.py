"""
Fog: a veil over the whole picture, in which drifting banks look like smoke (domain.md 7.3).

The veil of a picture (`vision.scene.weather.Air`) depends on the view too: some cameras see nothing dark on the
clearest day. So it is compared with the camera's usual veil, and only a risen veil is fog. Smoke does not raise it:
smoke covers a part of the picture, and the veil is that of the clearest tenth (decision 0043).
"""

from collections import deque
from statistics import median

import numpy as np

from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.scene.weather import Air

RISEN = 0.13
"""
Veil beyond the usual from which it is fog. Rendered banks add 0.22 to 0.38, no other of 162 films over 0.12: a lamp
that is switched on in a hallway adds 0.09, smoke 0.04.
"""

USUAL_MOST = 0.2
"""Veil above which a camera that usually has it is not judged: it shows nothing dark on the clearest day either."""

CLEARED = 0.6
"""Share of it below which it is over."""

STEP_S = 2.0
"""Least seconds between two looks: fog takes seconds to come."""

USUAL_LOOKS, USUALLY = 300, 20
"""Looks from which the usual veil is learnt, and their percentile that it is."""

LASTS_S = 7200.0
"""Seconds after which a veil is taken as usual: snow on the ground, another lens cover."""

STANDS = 0.03
"""
Most difference in veil of two pictures without more fog in the second. Rendered banks rise by 0.07 within the 2 s of a
patrol, where each picture can look like a step of exposure.
"""

_RECENT = 3


class FogWatch:
    """Watches one camera's pictures, in order."""

    def __init__(self) -> None:
        self._last: CaptureTime | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._veils: deque[float] = deque(maxlen=USUAL_LOOKS)
        self._jumped_to: float | None = None
        self._since: CaptureTime | None = None

    @property
    def since(self) -> CaptureTime | None:
        """When fog came; ``None`` while there is none."""
        return self._since

    @property
    def is_foggy(self) -> bool:
        """Whether fog lies over the picture."""
        return self._since is not None

    def observe(self, image: BgrImage, time: CaptureTime) -> None:
        """Add the next picture; another epoch starts again."""
        if self._last is not None and self._last.epoch != time.epoch:
            self._recent.clear()
            self._veils.clear()
            self._last = self._since = None
            self._jumped_to = None
        if self._last is not None and time.seconds_since(self._last) < STEP_S:
            return
        self._last = time
        self._recent.append(Air.of(image).veil)
        if self._jumped_to is not None:
            self._follow_jump(self._jumped_to)
        veil, usual = median(self._recent), self._usual()
        share = CLEARED if self.is_foggy else 1.0
        is_foggy = usual is not None and usual <= USUAL_MOST and veil - usual >= share * RISEN
        if not is_foggy:
            self._since = None
        elif self._since is None:
            self._since = time
        elif time.seconds_since(self._since) > LASTS_S:
            self._veils.clear()
            self._since = None
        if self._since is None:
            self._veils.append(self._recent[-1])

    def jump(self, image: BgrImage) -> None:
        """Add a picture that differs as a whole from the one before: light, exposure, or a bank of fog."""
        self._jumped_to = Air.of(image).veil

    def _follow_jump(self, veil: float) -> None:
        """Shift the usual veil by as much as the newest one jumped, foggy or not, if it has been still since."""
        self._jumped_to, now = None, self._recent[-1]
        if abs(now - veil) > STANDS:
            return
        risen = now - self._recent[-2] if len(self._recent) > 1 else 0.0
        self._veils = deque((veil + risen for veil in self._veils), maxlen=USUAL_LOOKS)
        self._recent = deque((now,) * len(self._recent), maxlen=_RECENT)

    def _usual(self) -> float | None:
        return float(np.percentile(self._veils, USUALLY)) if self._veils else None
