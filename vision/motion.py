"""
Motion: how everything in a sky drives, as one smooth field of velocities.

Clouds move together. The field is fitted robustly, as a polynomial, to dense optical flow (Farneback, 2003), which
cloudy skies fill; a plume, a bird and a lorry are outliers to it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Grey = NDArray[np.uint8]

UNREST_LEVELS = 2.5
"""Mean change, in 8-bit levels, from which a place is one where things move."""

LEAST_AREA = 0.05
"""Share of the picture that must move together."""

LEAST_AGREEMENT = 0.3
"""Share of what moves that must move as the field says, in the picture and around each cell."""

LEAST_CELLS_A_S = 0.4
"""
Speed, in cells a second, from which anything drifts, in full at twice as much. Slower, a plume would be explained by
itself as it was some seconds ago; fog that thickens and light that fades go nowhere.
"""

_FLOW_EVERY = 2
_FIT_EVERY = 4
_FIT_STEPS = 8
_NEWEST = 0.25
_TOGETHER = 12
_FEW = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """
    How everything in the sky drives.

    Attributes:
        cells_a_s: coefficients of the velocities, float64 ``(4, 2)``, x and y in cells a second: constant, across,
            down, down squared.

        cells_wh: cells across and down the picture.
    """

    cells_a_s: NDArray[np.float64]
    cells_wh: tuple[int, int]

    def ways(self, size_wh: tuple[int, int], part: tuple[slice, slice], every_px: int = 1) -> Picture:
        """
        Return the velocities in a part of a picture of another size, float32 ``(h, w, 2)``, in its pixels a second.

        `part` is rows and columns, with a beginning and an end each. They are worked out about `every_px`, and between.
        """
        width, height = size_wh
        rows, columns = (_spaced(edge, every_px) for edge in part)
        across, down = np.meshgrid(columns / width - 0.5, rows / height)
        scale = (width / self.cells_wh[0], height / self.cells_wh[1])
        ways = np.asarray(_terms_at(across, down) @ (self.cells_a_s * scale), np.float32)
        whole = (part[1].stop - part[1].start, part[0].stop - part[0].start)
        return np.asarray(cv2.resize(ways, whole, interpolation=cv2.INTER_LINEAR), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """
    How what moves in a picture has moved of late, and how far it did so together.

    Attributes:
        cells_a_s: as `Motion.cells_a_s`.

        agreement: share of what moved that moved as these say, in [0, 1].

        moved, agreed: float32 ``(h, w)``: how much around each place moved, and how much of that so.
    """

    cells_a_s: NDArray[np.float64]
    agreement: float
    moved: Picture
    agreed: Picture

    @classmethod
    def between(cls, earlier: Grey, now: Grey, since_s: float) -> Self | None:
        """Return that of two grey pictures, uint8 ``(h, w)``; ``None`` where too little moved."""
        size = (now.shape[1] // _FLOW_EVERY, now.shape[0] // _FLOW_EVERY)
        one, other = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (earlier, now))
        flow = cv2.calcOpticalFlowFarneback(one, other, None, 0.5, 3, 15, 3, 5, 1.1, 0)  # type: ignore[call-overload]
        moved = cv2.GaussianBlur(cv2.absdiff(one, other).astype(np.float32), (0, 0), 1.0) > UNREST_LEVELS
        found = _fit(np.asarray(flow, np.float64) * (_FLOW_EVERY / since_s), moved)
        if found is None:
            return None
        velocity, agreed = found
        around = [_around(each) for each in (moved, agreed)]
        return cls(velocity, float(agreed[moved].mean()), around[0], around[1])

    def followed_by(self, newest: Self | None) -> Self:
        """Return it with that of the next two pictures taken in, in which nothing may have moved."""
        if newest is None:
            return type(self)(self.cells_a_s, self.agreement * (1 - _NEWEST), self.moved, self.agreed)
        return type(self)(
            self.cells_a_s + _NEWEST * (newest.cells_a_s - self.cells_a_s),
            self.agreement + _NEWEST * (newest.agreement - self.agreement),
            self.moved + np.float32(_NEWEST) * (newest.moved - self.moved),
            self.agreed + np.float32(_NEWEST) * (newest.agreed - self.agreed),
        )

    @property
    def is_driving(self) -> bool:
        """Whether enough of what moves does so together, and fast enough."""
        return self.agreement >= LEAST_AGREEMENT and self._speed >= LEAST_CELLS_A_S

    def ways(self, height: int, width: int) -> Picture:
        """Return the velocities in a picture of so many cells, float32 ``(height, width, 2)``, in cells a second."""
        return np.asarray(_terms(height, width) @ self.cells_a_s, np.float32)

    def togetherness(self) -> Picture:
        """Return where what moves does so as the field says: 1 in a sky, 0 on a flag, a road, a wall in the sun."""
        part = (self.agreed + np.float32(_FEW)) / (self.moved + np.float32(_FEW))
        return np.asarray(np.clip((part - LEAST_AGREEMENT) * 5, 0, 1), np.float32)

    @property
    def _speed(self) -> float:
        """Mean speed of what moves as the field says, in cells a second."""
        ways = _terms(*self.agreed.shape) @ self.cells_a_s
        return float((np.hypot(*np.moveaxis(ways, -1, 0)) * self.agreed).sum() / max(float(self.agreed.sum()), 1e-9))


def driven_on(picture: Picture | Grey, ways: Picture, since_s: float) -> Picture:
    """Return a picture, float32, as it looks when everything has driven so for some seconds; `ways` in its pixels."""
    rows, columns = _places(*picture.shape[:2])
    way = ways * np.float32(since_s)
    x, y = columns - way[..., 0], rows - way[..., 1]
    moved = cv2.remap(np.asarray(picture, np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


@lru_cache(maxsize=32)
def _places(height: int, width: int) -> Picture:
    places: Picture = np.mgrid[0:height, 0:width].astype(np.float32)
    places.flags.writeable = False
    return places


def _spaced(edge: slice, every_px: int) -> NDArray[np.float64]:
    """Return the middles of pieces of about that length, in pixels."""
    length = edge.stop - edge.start
    count = max(1, round(length / every_px))
    return np.asarray(edge.start + (np.arange(count) + 0.5) * (length / count) - 0.5)


def _fit(flow: NDArray[np.float64], moved: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Return the velocities' coefficients and which of what moved agrees; ``None`` where too little moved."""
    height, width = moved.shape
    chosen = moved[::_FIT_EVERY, ::_FIT_EVERY].ravel()
    if chosen.mean() < LEAST_AREA:
        return None
    terms = _terms(height, width)[::_FIT_EVERY, ::_FIT_EVERY].reshape(-1, 4)[chosen]
    ways = flow[::_FIT_EVERY, ::_FIT_EVERY].reshape(-1, 2)[chosen]
    weight = np.ones(len(ways))
    coefficients: NDArray[np.float64] = np.zeros((4, 2))
    for _ in range(_FIT_STEPS):
        weighted = terms * weight[:, None]
        coefficients = np.asarray(np.linalg.solve(weighted.T @ terms + 1e-3 * np.eye(4), weighted.T @ ways))
        off = np.hypot(*(ways - terms @ coefficients).T)
        weight = np.asarray(1 / (1 + np.square(off / (1.5 * max(float(np.median(off)), 0.02)))))
    speed = float(np.hypot(*(terms @ coefficients).T).mean())
    off = np.hypot(*np.moveaxis(flow - _terms(height, width) @ coefficients, -1, 0))
    return coefficients, moved & (off < max(0.25 * speed, 0.1))


def _around(places: NDArray[np.bool_]) -> Picture:
    return np.asarray(cv2.GaussianBlur(places.astype(np.float32), (0, 0), _TOGETHER), np.float32)


@lru_cache(maxsize=8)
def _terms(height: int, width: int) -> NDArray[np.float64]:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    terms = _terms_at((columns - width / 2) / width, rows / height)
    terms.flags.writeable = False
    return terms


def _terms_at(across: NDArray[np.floating], down: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what the coefficients are multiplied with at places given as shares of the picture."""
    return np.stack([np.ones_like(across), across, down, down * down], axis=-1).astype(np.float64)
