"""
Undrawn outlets: smoke that stands above no outlet which anybody drew, held against the steam test above its own foot.

Where a plume leaves the ground, a roof or a pipe, its foot is where the churning in its boxes begins, and is as wide as
what it leaves. White plumes confirm nothing in the few seconds in which their foot and their end become visible, and
are hidden from rules as long as they end like condensed water. That is never done with what darkens, burns, moves, or
leaves the picture.
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from streams.frame import BgrImage
from vision.fading import above_a_foot
from vision.leads import Xyxy
from vision.region import grey_cells
from vision.steam import SteamTest
from vision.zones import Outlet

Cells = NDArray[np.uint8]

YOUNG_S = 5.0
"""Seconds from its first box in which a white plume that is not seen to go on confirms nothing."""

BEFORE_S = 1.0
"""How much older than the first box a picture must be to show what was there without the plume."""

LIGHTER = 0.6
"""Share of what has changed in the boxes, by how much, that has grown lighter where a plume may be white."""

LEAST_FOOT_PX = 6.0
"""Width of a foot, in pixels of the pictures looked at, below which nothing churns in rings around it."""

FOOT_PICTURES = 5
"""Pictures of the plume that a foot is looked for in: three second differences."""

FEET = 2
"""Feet, one after the other, whose middle is the plume's."""

_WIDTH = 320
"""Cells across the whole picture."""

_PICTURES = 8
_BOXES = 5
_BLUR = 24.0
"""Cells of the box's longer side a standard deviation of the blur, so that eddies and not noise are seen to churn."""

_STRONG = 0.4
"""Of the strongest churning, what belongs to the plume."""

_LEVEL_SHARE = 0.1
"""Of the box's height: how thick the level of the foot is, and how far below the box it may lie."""


@dataclass(slots=True)
class _Plume:
    """One plume since its first box: what was there before it, its newest boxes, its foot and the test above it."""

    since: CaptureTime
    before: Cells | None
    boxes: deque[Xyxy] = field(default_factory=lambda: deque(maxlen=_BOXES))
    greys: deque[Cells] = field(default_factory=lambda: deque(maxlen=_PICTURES))
    feet: list[Outlet] = field(default_factory=list)
    foot: Outlet | None = None
    test: SteamTest | None = None
    lightens: bool = True
    is_steam: bool = False
    is_open: bool = True

    def begin_anew(self) -> None:
        """Forget the pictures, for the next one does not compare with them."""
        self.greys.clear()
        self.feet.clear()
        self.before = self.foot = self.test = None

    @property
    def box(self) -> Xyxy:
        """Middle of the newest boxes, in pixels of the pictures looked at."""
        left, top, right, bottom = np.median(np.array(self.boxes), axis=0)
        return float(left), float(top), float(right), float(bottom)


class UndrawnOutlets:
    """
    Watches the plumes of one camera that stand above no drawn outlet.

    A function of the pictures and boxes, in their order.
    """

    def __init__(self) -> None:
        self._plumes: dict[int, _Plume] = {}
        self._past: deque[tuple[CaptureTime, Cells]] = deque(maxlen=_PICTURES)

    def observe(
        self, image: BgrImage, time: CaptureTime, smoke: Mapping[int, Xyxy | None], fires: Collection[Xyxy]
    ) -> None:
        """
        Take in the next steady picture.

        Args:
            image: as it was analysed.

            time: of it.

            smoke: by number, the live tracks of smoke above no drawn outlet; ``None`` where the picture shows no box.

            fires: boxes of fire.
        """
        height, width = image.shape[:2]
        cells = np.rint(grey_cells(image, (_WIDTH, max(2, round(_WIDTH * height / width))))).astype(np.uint8)
        if self._past and self._past[-1][0].epoch != time.epoch:
            self.forget()
        for number in self._plumes.keys() - smoke.keys():
            del self._plumes[number]
        for number, box in smoke.items():
            plume = self._plumes.get(number)
            if plume is None:
                plume = self._plumes[number] = _Plume(time, self._before(time))
            if box is not None:
                plume.boxes.append(box)
            if plume.boxes:
                self._watch(plume, image, cells, time, fires)
        self._past.append((time, cells))

    def withholds(self, track: int) -> bool:
        """Whether the plume of a track looks like condensed water: no rule is to see its boxes."""
        plume = self._plumes.get(track)
        return plume is not None and plume.is_steam

    def defers(self, track: int) -> bool:
        """Whether it is not known yet if the plume of a track is condensed water."""
        plume = self._plumes.get(track)
        return plume is not None and plume.is_open

    def pause(self) -> None:
        """Pass over a picture that does not compare with those before: feet are looked for anew, nothing is younger."""
        self._past.clear()
        for plume in self._plumes.values():
            plume.begin_anew()

    def forget(self) -> None:
        """Begin anew: what comes next is another view, or of another epoch."""
        self._plumes.clear()
        self._past.clear()

    def _before(self, time: CaptureTime) -> Cells | None:
        """Return the oldest picture that is known, where it is old enough."""
        if not self._past or time.seconds_since(self._past[0][0]) < BEFORE_S:
            return None
        return self._past[0][1]

    def _watch(self, plume: _Plume, image: BgrImage, cells: Cells, time: CaptureTime, fires: Collection[Xyxy]) -> None:
        scale = _WIDTH / image.shape[1]
        if plume.test is not None:
            plume.test.observe(image, time)
        elif plume.foot is None:
            plume.greys.append(cells)
            self._look_for_foot(plume, scale)
            if plume.foot is not None:
                plume.greys.clear()
                terms = above_a_foot(plume.foot.width_px)
                test = SteamTest(plume.foot, (image.shape[1], image.shape[0]), terms)
                plume.test = test if plume.foot.width_px >= LEAST_FOOT_PX and test.has_air else None
        is_young = time.seconds_since(plume.since) < YOUNG_S
        if is_young and plume.before is not None:
            plume.lightens = _lightens(plume.before, cells, _scaled(plume.box, scale))
        is_tested = plume.test is not None and plume.foot is not None and _stands(plume.foot, plume.box)
        may_be = (plume.foot is None or is_tested) and not _burns(plume.box, fires)
        plume.is_steam = may_be and plume.test is not None and plume.test.may_be_steam
        is_undecided = plume.test is None or plume.test.is_undecided
        plume.is_open = may_be and is_young and is_undecided and plume.lightens

    def _look_for_foot(self, plume: _Plume, scale: float) -> None:
        """Add where the churning in the boxes begins; once there are `FEET`, their middle is the plume's foot."""
        if len(plume.greys) < FOOT_PICTURES:
            return
        foot = _foot(list(plume.greys), _scaled(plume.box, scale))
        if foot is not None:
            plume.feet.append(Outlet(foot.x / scale, foot.y / scale, foot.width_px / scale))
        if len(plume.feet) == FEET:
            x, y, width = np.median([(foot.x, foot.y, foot.width_px) for foot in plume.feet], axis=0)
            plume.foot = Outlet(float(x), float(y), float(width))


def _scaled(box: Xyxy, scale: float) -> Xyxy:
    left, top, right, bottom = box
    return left * scale, top * scale, right * scale, bottom * scale


def _burns(box: Xyxy, fires: Collection[Xyxy]) -> bool:
    """Whether a box of fire touches the plume's, made larger by half: flames churn, and their smoke is no steam."""
    left, top, right, bottom = box
    aside, above = (right - left) / 2, (bottom - top) / 2
    return any(
        fire[0] < right + aside and fire[2] > left - aside and fire[1] < bottom + above and fire[3] > top - above
        for fire in fires
    )


def _stands(foot: Outlet, box: Xyxy) -> bool:
    """Whether the foot still lies at the lower part of the boxes: what moves has left it behind."""
    left, top, right, bottom = box
    aside = foot.width_px
    return left - aside < foot.x < right + aside and (top + bottom) / 2 < foot.y < bottom + (bottom - top) / 2


def _lightens(before: Cells, now: Cells, box: Xyxy) -> bool:
    """Return whether what has changed in the box, in cells, has grown lighter."""
    change = now.astype(np.float32) - before
    change -= np.median(change)
    left, top, right, bottom = (round(edge) for edge in box)
    inside = change[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
    total = float(np.abs(inside).sum())
    return total > 0 and float(np.maximum(inside, 0).sum()) >= LIGHTER * total


def _foot(greys: list[Cells], box: Xyxy) -> Outlet | None:
    """Return where the churning in the box begins, in cells; ``None`` where nothing churns."""
    rows, columns = greys[0].shape
    left, right = (min(max(round(edge), 0), columns) for edge in box[::2])
    top, bottom = (min(max(round(edge), 0), rows) for edge in box[1::2])
    width, height = right - left, bottom - top
    if min(width, height) < 2:
        return None
    x0, y0 = max(0, left - width // 2), max(0, top - height // 2)
    x1, y1 = min(columns, right + width // 2 + 1), min(rows, bottom + height // 4 + 1)
    blur = max(0.5, max(width, height) / _BLUR)
    parts = [cv2.GaussianBlur(grey[y0:y1, x0:x1].astype(np.float32), (0, 0), blur) for grey in greys]
    bends = [after - 2 * now + before for before, now, after in zip(parts, parts[1:], parts[2:], strict=False)]
    unrest = np.mean([np.abs(bend - np.median(bend)) for bend in bends], axis=0)
    level = max(1, round(_LEVEL_SHARE * height))
    inside = (unrest - np.median(unrest))[top - y0 : bottom + level - y0, left - x0 : right - x0]
    churning = np.flatnonzero(inside.max(axis=1) >= _STRONG * np.percentile(inside, 95))
    if not churning.size:
        return None
    lowest = int(churning[-1])
    across = inside[max(0, lowest - level) : lowest + 1].max(axis=0)
    wide = np.flatnonzero(across >= _STRONG * across.max())
    return Outlet(left + (wide[0] + wide[-1] + 1) / 2, float(top + lowest), float(wide[-1] - wide[0] + 1))
