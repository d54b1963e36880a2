"""Zones: polygons in a camera's picture, and how much of a box lies in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from api.contract.zones import Point
from models.detections import Xyxy
from vision.config.schedule import ALWAYS, Schedule

MASKED_SHARE = 0.5
"""Share of a box inside masks from which it is not looked at."""

GRID = 512
"""Cells a side of the raster on which shares are counted: a zone's edge is right to 1/512 of the picture."""


class ZoneKind(StrEnum):
    """
    What a zone is for.

    Attributes:
        WATCH: rules may ask for boxes in it.

        MASK: boxes in it are not looked at.

        OUTLET: the lip of a registered outlet, above which opacity is read (`Outlet.of`).

        VENT: a kitchen's outlet, window or door.

        PREMISES: the ground of a plant, on which nothing but its outlets may smoke.

        FIELD: land on which straw is burnt; `NO_BURN`: other places where nothing may be; `NO_BBQ`: nor grilled.

        ROAD: where vehicles drive; `WORKS`: a building site, where machines do.
    """

    WATCH = "watch"
    MASK = "mask"
    OUTLET = "outlet"
    VENT = "vent"
    PREMISES = "premises"
    FIELD = "field"
    NO_BURN = "no_burn"
    NO_BBQ = "no_bbq"
    ROAD = "road"
    WORKS = "works"


class ZoneTest(StrEnum):
    """Which part of a box must lie in a zone."""

    OVERLAP = "overlap"
    BASE = "base"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where something is emitted: the middle of its lip and its width, in pixels of the pictures."""

    x: float
    y: float
    width_px: float

    @classmethod
    def of(cls, polygon: Sequence[Point], resolution_wh: tuple[int, int]) -> Self:
        """
        Return the outlet that a zone of kind `ZoneKind.OUTLET` draws, in pixels of a picture of `resolution_wh`.

        The polygon is drawn around the top of the stack: it is as wide as the outlet, and its upper edge lies on the
        lip. How far it reaches down does not matter.
        """
        width, height = resolution_wh
        columns = [x for x, _ in polygon]
        left, right = min(columns) * width, max(columns) * width
        return cls(x=(left + right) / 2, y=min(y for _, y in polygon) * height, width_px=right - left)


class ZoneRaster:
    """The union of some polygons, drawn once on a grid, for asking how much of a box lies in it."""

    def __init__(self, polygons: Iterable[Sequence[Point]]) -> None:
        grid = np.zeros((GRID, GRID), np.uint8)
        for polygon in polygons:
            corners = np.round(np.asarray(polygon, np.float64) * GRID - 0.5).astype(np.int32)
            cv2.fillPoly(grid, [corners.reshape(-1, 1, 2)], 1)
        self._grid: NDArray[np.uint8] = grid
        self._sums: NDArray[np.int32] = cv2.integral(grid).astype(np.int32)

    def holds(self, x: float, y: float) -> bool:
        """Whether the point (shares of width and height) lies in a polygon."""
        column = min(max(int(x * GRID), 0), GRID - 1)
        row = min(max(int(y * GRID), 0), GRID - 1)
        return bool(self._grid[row, column])

    def share(self, box: Xyxy, resolution_wh: tuple[int, int]) -> float:
        """Return the share of `box` (pixels of a picture of `resolution_wh`) that lies in a polygon, 0 to 1."""
        width, height = resolution_wh
        left, right = _span(box[0] / width, box[2] / width)
        top, bottom = _span(box[1] / height, box[3] / height)
        sums = self._sums
        inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return float(inside) / ((right - left) * (bottom - top))


class Masks:
    """What of a camera's picture is not looked at: its masks, each at its hours."""

    def __init__(self, masks: Sequence[tuple[Sequence[Point], Schedule]]) -> None:
        self._masks = tuple(masks)
        self._drawn: tuple[int, ...] = ()
        self._raster: ZoneRaster | None = None

    def hide(self, box: Xyxy, resolution_wh: tuple[int, int], utc: datetime) -> bool:
        """Whether a box of a picture of that size, taken at an aware time, is not to be looked at."""
        mask = self._at(utc)
        return mask is not None and mask.share(box, resolution_wh) >= MASKED_SHARE

    def _at(self, utc: datetime) -> ZoneRaster | None:
        wanted = tuple(number for number, (_, hours) in enumerate(self._masks) if hours.holds(utc))
        if wanted != self._drawn:
            self._drawn = wanted
            self._raster = ZoneRaster([self._masks[number][0] for number in wanted]) if wanted else None
        return self._raster


def _span(low: float, high: float) -> tuple[int, int]:
    """Return first and one-past-last grid cell of a span of shares: at least one cell, inside the grid."""
    first = min(max(int(np.floor(low * GRID + 0.5)), 0), GRID - 1)
    last = min(max(int(np.floor(high * GRID + 0.5)), first + 1), GRID)
    return first, last


def _mouth(polygon: Sequence[Point]) -> Xyxy:
    """Return the polygon's bounds in shares of the picture, half its width wider on either side."""
    columns, rows = [x for x, _ in polygon], [y for _, y in polygon]
    margin = (max(columns) - min(columns)) / 2
    return (min(columns) - margin, min(rows), max(columns) + margin, max(rows))


class Zone:
    """A named polygon that boxes can be in."""

    def __init__(
        self,
        name: str,
        polygon: Sequence[Point],
        violation_code: str = "",
        kind: ZoneKind = ZoneKind.WATCH,
        hours: Schedule = ALWAYS,
    ) -> None:
        self.name = name
        self.hours = hours
        self.violation_code = violation_code
        self.kind = kind
        self._raster = ZoneRaster([polygon])
        self._mouth = _mouth(polygon)

    def claims(self, box: Xyxy, resolution_wh: tuple[int, int]) -> bool:
        """
        Whether what `box` shows is this zone's, as its kind has it.

        An outlet or a vent claims what touches its mouth, half its width to the sides and its width upwards; ground
        claims what stands on it; a watch zone claims what overlaps it.
        """
        if self.kind is ZoneKind.WATCH:
            return self.contains(box, resolution_wh, ZoneTest.OVERLAP, 0.3)
        if self.kind not in {ZoneKind.OUTLET, ZoneKind.VENT}:
            return self.contains(box, resolution_wh, ZoneTest.BASE, 0.0)
        width, height = resolution_wh
        left, top, right, bottom = self._mouth
        across = box[0] < right * width and box[2] > left * width
        return across and box[1] < bottom * height and box[3] > top * height - (right - left) / 2 * width

    def is_below(self, box: Xyxy, height: int) -> bool:
        """Whether the middle of `box` is higher than the zone's upper edge, in a picture so many pixels high."""
        return (box[1] + box[3]) / 2 < self._mouth[1] * height

    def contains(self, box: Xyxy, resolution_wh: tuple[int, int], test: ZoneTest, min_overlap: float) -> bool:
        """Whether `box` is in the zone by `test`; `min_overlap` counts for `ZoneTest.OVERLAP` alone."""
        width, height = resolution_wh
        x = (box[0] + box[2]) / 2 / width
        match test:
            case ZoneTest.OVERLAP:
                return self._raster.share(box, resolution_wh) >= min_overlap
            case ZoneTest.BASE:
                return self._raster.holds(x, box[3] / height)
            case ZoneTest.CENTRE:
                return self._raster.holds(x, (box[1] + box[3]) / 2 / height)
