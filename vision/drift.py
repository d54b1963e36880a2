"""
Drift: what a picture would look like if everything in the sky only drove on.

Clouds move, so that nothing before them looks as usual, and what a plume does to them is lost among what they do
themselves. But they move *together*: one smooth field of velocities says where each will be in some seconds, and the
pictures of the last seconds, driven on by it, say what the sky should look like now. What differs from that neither
stays nor drifts: it comes from somewhere, boils, and holds on to where it comes from, as a plume does.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from vision.motion import LEAST_AREA, LEAST_CELLS_A_S, UNREST_LEVELS, Course, Motion, Picture, driven_on

LEAST_S, MOST_S = 1.9, 6.1
"""Age of the pictures that are driven on: younger ones hold the same plume, older ones have clouds of other shapes."""

BASELINE_S = 3.5
"""Age of the picture against which the velocities are measured, where there is one so old: slow clouds need it."""

SPACING_S = 0.9
"""Least time between pictures that are kept: six of them are enough."""

UNREST_S = 20.0
"""Time constant in which it is learned where."""

EDGE_LEVELS = 8.0
"""Brightness edge, in 8-bit levels a cell, of what may stand before the sky: nothing is driven over that."""

STILL = 0.3
"""Of its own height is what an edge that stands changes at most; one that goes by changes by all of it."""

MOST_GAIN = 1.25
"""How much brighter or darker the exposure may have made a picture; what differs more is another place or light."""

LEAST_SIDE = 32
"""Cells across and down from which a picture is large enough to see anything drift in."""

SLACK = 3
"""
Side, in cells, of the neighbourhood in which a cloud's edge may be found, since the field is not exact to a cell: half
the way to the darkest and the brightest there is explained.
"""

SMOOTH = 1.5
"""Cells over which what is left is averaged: edges that are a little off cancel out, a plume does not."""

_CLOSING = 21
_BROAD = 25
_CALM = 24
_FILL = 6
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """
    Where things drift, and what is there besides.

    Attributes:
        share: float32 ``(h, w)`` in [0, 1]: of each cell, how much it belongs to what drifts.

        left: float32 ``(h, w, 3)``: the picture less what drifting explains.

        calm: float32 ``(h, w, 3)``: the same sky without its clouds' shapes.
    """

    share: Picture
    left: Picture
    calm: Picture


@dataclass(slots=True, eq=False)
class _Kept:
    """A picture of the last seconds; `sky` is the same without what stands before the sky, made when it is needed."""

    time: CaptureTime
    picture: NDArray[np.uint8]
    sky: NDArray[np.uint8] | None = None

    def without(self, share: Picture) -> Picture:
        """Return it with what stands before the sky filled from around, as `share` was when this was first asked."""
        if self.sky is None:
            self.sky = _bytes(_filled(self.picture.astype(np.float32), share))
        return self.sky.astype(np.float32)


class Drift:
    """One camera's sky. Pictures come in order, of one size and one epoch. Not thread-safe: one caller."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._unrest: Picture | None = None
        self._seen = 0
        self._measured: CaptureTime | None = None
        self._course: Course | None = None

    def forget(self) -> None:
        """Begin anew: the camera turned, or its picture changed as a whole."""
        self._kept.clear()
        self._unrest = self._measured = self._course = None
        self._seen = 0

    @property
    def motion(self) -> Motion | None:
        """How the sky drives, as last measured; ``None`` where nothing drifts."""
        if self._course is None or self._unrest is None or not self._course.is_driving:
            return None
        height, width = self._unrest.shape
        return Motion(self._course.cells_a_s, (width, height))

    def learn(self, picture: Picture, time: CaptureTime, usual: Picture) -> None:
        """Take in the next picture, float32 BGR ``(h, w, 3)``, of a place that usually looks like `usual`."""
        since_s = time.seconds_since(self._kept[-1].time) if self._kept else UNREST_S
        if since_s < SPACING_S or min(picture.shape[:2]) < LEAST_SIDE:
            return
        while self._kept and time.seconds_since(self._kept[0].time) > MOST_S:
            self._kept.popleft()
        shown = _bytes(picture)
        change = _largest_byte(cv2.absdiff(shown, _bytes(usual * gain(picture, usual))))
        self._seen += 1
        if self._unrest is None or self._unrest.shape != change.shape:
            self._unrest = change.astype(np.float32)
        else:
            cv2.accumulateWeighted(change, self._unrest, max(1 / self._seen, min(since_s / UNREST_S, 1.0)))
        self._kept.append(_Kept(time, shown))

    def sky(self, picture: Picture, time: CaptureTime, usual: Picture) -> Sky | None:
        """Return what drifts in a picture not yet learned, and what is left of it; ``None`` where nothing drifts."""
        unrest = self._unrest
        if unrest is None or unrest.shape != picture.shape[:2] or (unrest > UNREST_LEVELS).mean() < LEAST_AREA:
            self._course = None
            return None
        open_sky = _share(unrest, usual)
        if self._measured is None or time.seconds_since(self._measured) >= SPACING_S:
            self._measure(picture, time, open_sky)
        course = self._course
        sources = [one for one in self._kept if LEAST_S <= time.seconds_since(one.time) <= MOST_S]
        if course is None or not course.is_driving or not sources:
            return None
        ways = course.ways(*unrest.shape)
        together = cv2.resize(course.togetherness(), unrest.shape[::-1])
        share = np.asarray(open_sky * together * _is_fast(ways), np.float32)
        expected = _driven_on(_three(sources), picture, time, ways, share)
        least, most = (expected + _eroded(expected)) / 2, (expected + _dilated(expected)) / 2
        left = np.asarray(picture - np.clip(picture, least, most), np.float32)
        mean = _blurred(left * share[..., None], SMOOTH) / np.maximum(_blurred(share, SMOOTH), 0.25)[..., None]
        return Sky(share, np.asarray(mean, np.float32), _spread(expected, share, _CALM))

    def _measure(self, picture: Picture, time: CaptureTime, open_sky: Picture) -> None:
        """
        Take in how everything has moved since some seconds ago, but for what stands before the `open_sky`.

        A stack holds the flow around it back, and clouds behind its lip would be taken for what does not drive with
        the others.
        """
        before = self._aged(time, BASELINE_S)
        if before is None:
            return
        self._measured = time
        earlier = before.picture * gain(picture, before.picture)
        newest = Course.between(
            _grey(_filled(earlier, open_sky)), _grey(_filled(picture, open_sky)), time.seconds_since(before.time)
        )
        self._course = newest if self._course is None else self._course.followed_by(newest)

    def _aged(self, time: CaptureTime, age_s: float) -> _Kept | None:
        """Return the youngest picture at least `age_s` old, or the oldest at least `LEAST_S` old."""
        ages = [(time.seconds_since(one.time), one) for one in self._kept]
        old = [one for age, one in ages if age >= age_s] or [one for age, one in ages[:1] if age >= LEAST_S]
        return old[-1] if old else None


def _share(unrest: Picture, usual: Picture) -> Picture:
    """Return where things drift: between all that moves, but for what stands before it."""
    moves = (_blurred(unrest, 1.0) > UNREST_LEVELS).astype(np.uint8)
    wide = cv2.erode(cv2.morphologyEx(moves, cv2.MORPH_CLOSE, _square(_CLOSING)), _square(3))
    grey = _grey(usual).astype(np.float32)
    edge = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 4
    edges = ((edge > EDGE_LEVELS) & (cv2.dilate(unrest, _square(3)) < STILL * edge)).astype(np.uint8)
    between = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, _square(_BROAD)) * (moves == 0)
    stands = cv2.dilate(np.maximum(edges, between), _square(3))
    share: Picture = _blurred(wide.astype(np.float32), 1.5) * (1 - stands)
    return share


def _is_fast(ways: Picture) -> Picture:
    """Return where things drive so fast, in cells a second, that they leave what only boils behind: 0 to 1."""
    return np.asarray(np.clip(np.hypot(ways[..., 0], ways[..., 1]) / LEAST_CELLS_A_S - 1, 0, 1), np.float32)


def _driven_on(sources: Sequence[_Kept], picture: Picture, time: CaptureTime, ways: Picture, share: Picture) -> Picture:
    """Return the median of earlier pictures, each driven on to `time` and as bright as `picture`."""
    driven = []
    for one in sources:
        source = one.without(share) * gain(picture, one.picture)
        driven.append(driven_on(source, ways, time.seconds_since(one.time)))
    if len(driven) < 3:
        return np.asarray(driven[-1], np.float32)
    first, second, third = driven
    return np.asarray(np.maximum(np.minimum(first, second), np.minimum(np.maximum(first, second), third)))


def largest(picture: Picture) -> Picture:
    """Return the largest channel of each cell, float32 ``(h, w)``; many times as fast as ``max`` over the last axis."""
    return np.asarray(np.maximum(np.maximum(picture[..., 0], picture[..., 1]), picture[..., 2]))


def gain(picture: Picture, other: NDArray[np.float32 | np.uint8]) -> NDArray[np.float32]:
    """Return by how much `other` must be multiplied to be as bright as `picture`, by channel: exposure that drifts."""
    few = slice(None, None, 4)
    ratio = (picture[few, few] + np.float32(1)) / (other[few, few] + np.float32(1))
    return np.asarray(np.median(ratio, axis=(0, 1)).clip(1 / MOST_GAIN, MOST_GAIN), np.float32)


def _three(sources: Sequence[_Kept]) -> Sequence[_Kept]:
    """Return the oldest, the middle and the youngest; the youngest where there are fewer than three."""
    return sources[-1:] if len(sources) < 3 else [sources[0], sources[len(sources) // 2], sources[-1]]


def _filled(picture: Picture, share: Picture) -> Picture:
    """Return the picture with what stands before the sky filled from around, as far as there is sky around it."""
    return np.asarray(np.where(share[..., None] > _MOSTLY, picture, _spread(picture, share, _FILL)), np.float32)


def _spread(picture: Picture, share: Picture, sigma: int) -> Picture:
    """Return the mean of the picture around each cell, of those that count by their share."""
    size = (max(1, picture.shape[1] // 4), max(1, picture.shape[0] // 4))
    weight = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_AREA), np.float32)
    small = np.asarray(cv2.resize(picture * share[..., None], size, interpolation=cv2.INTER_AREA), np.float32)
    mean = _blurred(small, sigma / 4) / np.maximum(_blurred(weight, sigma / 4), 1e-3)[..., None]
    return np.asarray(cv2.resize(mean, share.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _grey(picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(_bytes(picture), cv2.COLOR_BGR2GRAY), np.uint8)


def _bytes(picture: Picture) -> NDArray[np.uint8]:
    """Return the picture rounded to 8-bit levels."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(picture, 0)), np.uint8)


def _largest_byte(picture: cv2.typing.MatLike) -> NDArray[np.uint8]:
    return np.asarray(cv2.max(cv2.max(picture[..., 0], picture[..., 1]), picture[..., 2]), np.uint8)


def _square(side: int) -> NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)


def _eroded(picture: Picture) -> Picture:
    return np.asarray(cv2.erode(picture, _square(SLACK)), np.float32)


def _dilated(picture: Picture) -> Picture:
    return np.asarray(cv2.dilate(picture, _square(SLACK)), np.float32)
