"""
Background: changes that the camera or the weather makes to the whole picture, apart from events in front of it.

A camera that shakes, turns, adapts its exposure or switches to infra-red, and lightning or rain, change pictures
everywhere at once. None of it is smoke, and after most of it earlier pictures cannot be compared, so that confirmation
starts again. Each picture is compared with the one before; boxes and tracks are not used.
"""

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.scene.region import grey_cells

GREY_CHROMA = 3.0
"""
Mean spread of the colour channels, in 8-bit levels, below which a picture has no colour: infra-red clips have 0.0,
people on snow 0.3 to 0.9, rendered fog 3.6, roads 5 and more. Only losing or gaining colour counts, with a step.
"""

STEP_LEVELS = 12.0
"""Median change of level, in 8-bit levels, from which exposure stepped; as `vision.scene.change.GLOBAL_LEVELS`."""

STEP_GAIN = 1.25
"""Change of contrast from which it did: a third of a stop."""

FLASH_S = 2.5
"""Seconds within which a step of exposure that is undone was lightning or a headlight."""

UNLIKE = 0.5
"""
Median correlation of the parts of two pictures in a row below which a camera on a mount shows another place. At 2
pictures a second fixed cameras keep 0.94 and more.
"""

PART_TEXTURE = 2.0
"""Least spread in grey levels of a part that can be recognised: noise alone leaves 1."""

LEAST_PARTS = 0.15
"""Share of such parts below which a picture cannot be recognised: fog, night, an empty sky."""

SHAKE_CELLS = 0.25
"""
Median shift from picture to picture, in cells of 160, from which a camera shakes: 1 pixel of a look of 640. Fixed clips
have 0.00 to 0.18, those from a hand 1 to 10.
"""

MOUNTED = 0.9
"""
Least median correlation of successive pictures of a camera on a shaking mast: 0.95 at shifts of half a cell. One in a
hand keeps 0.36 to 0.87 on four clips; changes around a box then say nothing about the box, and are not used.
"""

RAIN_RISE = 1.8
"""Factor by which the fine unrest of nearly every part must exceed the usual to be rain."""

RAIN_LEAST = 1.2
"""Least fine unrest of rain in grey levels; fixed clips have 0.0 to 0.72 in the median."""

RAIN_SURE = 3.0
"""Grey levels of fine unrest that are rain without any comparison; sensor noise of 4 levels leaves 2."""

RAIN_PART = 20
"""Percentile of the parts: four in five must be restless, else it is traffic or trees."""

SETTLE_S = 2.0
"""Seconds after a turn or a switch in which nothing is confirmed: motors run, and exposure and focus settle."""

MEMORY_S = 120.0
"""Time constant of the usual unrest, in seconds."""

_SMALL_WH = (160, 90)
_FINE_WH = (480, 270)
_PARTS_WH = (16, 9)
_RECENT = 6


class Condition(StrEnum):
    """What the camera or the weather does to the whole picture."""

    CALM = "calm"
    SHAKE = "shake"
    RAIN = "rain"
    EXPOSURE = "exposure"
    FLASH = "flash"
    INFRARED = "infrared"
    TURNED = "turned"

    @property
    def is_steady(self) -> bool:
        """Whether what the picture shows can be compared with earlier ones."""
        return self in {Condition.CALM, Condition.SHAKE, Condition.RAIN}

    @property
    def is_restless(self) -> bool:
        """Whether pixels change everywhere, so that a difference from the usual look proves nothing."""
        return self in {Condition.SHAKE, Condition.RAIN}


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """One picture: grey cells ``(90, 160)``, finer ones ``(270, 480)``, and the mean spread of its colours."""

    small: NDArray[np.float32]
    fine: NDArray[np.float32]
    chroma: float


class Background:
    """Judges one camera's pictures, in order; another epoch or size of picture needs another `Background`."""

    def __init__(self) -> None:
        self._window = cv2.createHanningWindow(_SMALL_WH, cv2.CV_32F)
        self._last: tuple[_Sight, CaptureTime] | None = None
        self._before_step: tuple[_Sight, CaptureTime] | None = None
        self._settles_from: CaptureTime | None = None
        self._settling = Condition.CALM
        self._shifts: deque[float] = deque(maxlen=_RECENT)
        self._likeness: deque[float] = deque(maxlen=_RECENT)
        self._restless: deque[float] = deque(maxlen=_RECENT)
        self._usual_unrest: float | None = None
        self._condition = Condition.CALM

    @property
    def condition(self) -> Condition:
        """The condition of the newest picture."""
        return self._condition

    @property
    def unrest(self) -> float:
        """Fine unrest of the last pictures in grey levels, in all but their calmest parts."""
        return median(self._restless) if self._restless else 0.0

    def observe(self, image: BgrImage, time: CaptureTime) -> Condition:
        """Add the next picture and return its condition."""
        sight = _sight(image)
        last, self._last = self._last, (sight, time)
        if last is None:
            return self._condition
        self._condition = self._judge(sight, time, *last)
        return self._condition

    def _judge(self, now: _Sight, time: CaptureTime, before: _Sight, before_time: CaptureTime) -> Condition:
        sudden = self._sudden(now, time, before, before_time)
        if sudden is not None:
            if sudden in {Condition.INFRARED, Condition.TURNED}:
                self._settles_from, self._settling = time, sudden
                self._usual_unrest = None
                self._likeness.clear()
            self._shifts.clear()
            self._restless.clear()
            return sudden
        if self._settles_from is not None:
            if time.seconds_since(self._settles_from) < SETTLE_S:
                return self._settling
            self._settles_from = None
        self._learn(now, before, time.seconds_since(before_time))
        if len(self._shifts) >= 2 and median(self._shifts) >= SHAKE_CELLS:
            return Condition.SHAKE if median(self._likeness) >= MOUNTED else Condition.CALM
        return Condition.RAIN if self._is_rain() else Condition.CALM

    def _sudden(self, now: _Sight, time: CaptureTime, before: _Sight, before_time: CaptureTime) -> Condition | None:
        """Return the sudden change between two pictures; ``None`` where there is none."""
        if (now.chroma < GREY_CHROMA) != (before.chroma < GREY_CHROMA) and _stepped(now, before):
            return Condition.INFRARED
        shift, likeness = self._shift(now, before), _likeness(now, before)
        usually = median(self._likeness) if len(self._likeness) >= _RECENT // 2 else likeness
        self._shifts.append(shift)
        self._likeness.append(likeness)
        # Pictures of a hand-held camera always differ: none of them stands out.
        if usually >= MOUNTED and likeness < UNLIKE:
            return Condition.TURNED
        if not _stepped(now, before):
            return None
        aside = self._before_step
        if aside is not None and time.seconds_since(aside[1]) <= FLASH_S and not _stepped(now, aside[0]):
            self._before_step = None
            return Condition.FLASH
        self._before_step = (before, before_time)
        return Condition.EXPOSURE

    def _shift(self, now: _Sight, before: _Sight) -> float:
        """Return the shift of the picture, in cells of 160."""
        # OpenCV 5 multiplies the window into its arguments where they need no padding: it gets copies.
        vector, _ = cv2.phaseCorrelate(before.small.copy(), now.small.copy(), self._window)
        return math.hypot(float(vector[0]), float(vector[1]))

    def _learn(self, now: _Sight, before: _Sight, elapsed_s: float) -> None:
        unrest = _fine_unrest(now, before)
        self._restless.append(unrest)
        if self._usual_unrest is None:
            self._usual_unrest = unrest
        elif not self._is_rain():
            self._usual_unrest += (1 - math.exp(-elapsed_s / MEMORY_S)) * (unrest - self._usual_unrest)

    def _is_rain(self) -> bool:
        usual = self._usual_unrest
        if usual is None or len(self._restless) < 2:
            return False
        if self.unrest >= RAIN_SURE:
            return True
        return len(self._restless) == _RECENT and self.unrest >= max(RAIN_LEAST, RAIN_RISE * usual)


def _sight(image: BgrImage) -> _Sight:
    small = grey_cells(image, _SMALL_WH)
    thumb = cv2.resize(image, (_SMALL_WH[0] // 2, _SMALL_WH[1] // 2), interpolation=cv2.INTER_AREA).astype(np.float32)
    return _Sight(small, grey_cells(image, _FINE_WH), float((thumb.max(axis=2) - thumb.min(axis=2)).mean()))


def _stepped(now: _Sight, before: _Sight) -> bool:
    """Whether level or contrast of the whole picture changed by a step; the median ignores a change of a part."""
    level = abs(float(np.median(now.small - before.small)))
    spreads = [np.sqrt((_parts(sight.small) ** 2).mean(axis=1)) for sight in (before, now)]
    textured = np.minimum(*spreads) >= PART_TEXTURE
    gain = 1.0 if textured.mean() < LEAST_PARTS else float(np.median(spreads[1][textured] / spreads[0][textured]))
    return level >= STEP_LEVELS or max(gain, 1 / gain) >= STEP_GAIN


def _likeness(now: _Sight, before: _Sight) -> float:
    """
    Return the median correlation of two pictures' parts that have any texture, in [-1, 1]; 1 where too few have.

    By parts, so that neither a plume nor a lorry counts as another place; levels do not matter.
    """
    a, b = _parts(before.small), _parts(now.small)
    spread = np.minimum(np.sqrt((a * a).mean(axis=1)), np.sqrt((b * b).mean(axis=1)))
    textured = spread >= PART_TEXTURE
    if textured.mean() < LEAST_PARTS:
        return 1.0
    a, b = a[textured], b[textured]
    return float(np.median((a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))))


def _parts(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the parts of a small picture, float32 ``(parts, cells)``, each less its mean."""
    columns, rows = _PARTS_WH
    height, width = cells.shape[0] // rows, cells.shape[1] // columns
    parts = cells.reshape(rows, height, columns, width).swapaxes(1, 2).reshape(rows * columns, height * width)
    return np.asarray(parts - parts.mean(axis=1, keepdims=True), np.float32)


def _fine_unrest(now: _Sight, before: _Sight) -> float:
    """Return the mean change of fine detail, in grey levels, in the part of the picture at `RAIN_PART` of all."""
    difference = now.fine - before.fine
    fine = np.abs(difference - cv2.blur(difference, (7, 7)))
    return float(np.percentile(cv2.resize(fine, _PARTS_WH, interpolation=cv2.INTER_AREA), RAIN_PART))
