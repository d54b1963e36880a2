"""
Cues: what the pictures of one track have shown so far, as numbers that tell smoke and fire from what resembles them.

Smoke stays at its source and boils; clouds drift whole; a sign never changes; a passing car is gone; what comes with a
change of the whole picture is the camera's doing (domain.md 7.2). No cue decides anything: `vision.belief` weighs them
with weights that were fitted, and each is finite and of order one whatever the pictures are.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from streams.frame import BgrImage
from vision.flames import is_flame_coloured
from vision.leads import Xyxy
from vision.region import Region

CUES = (
    "score",
    "persistence",
    "looks",
    "lasted",
    "growth",
    "drift",
    "anchor",
    "size",
    "change",
    "turbulence",
    "unrest",
    "veil",
    "chroma",
    "flame",
    "flicker",
    "reaction",
    "company",
    "magnified",
    "news",
)
"""
Names of the cues, in the order of `TrackCues.values`.

* score: log-odds of the detector's confidence, mean of the sightings
* persistence: share of looks with a box, with one look of either kind added (Laplace)
* looks: log of one and the sightings ever
* lasted: log of one and the seconds from the first sighting to the last
* growth: log of the box's area, per `WINDOW_S`
* drift: way of the box's centre, in box sizes per `WINDOW_S`: a cloud's
* anchor: way of the part of the box that moves least: smoke's source stays
* size: log10 of the share of the picture that the box covers
* change: log of one and the change since the track began, in multiples of the noise around
* turbulence: log of one and the change from look to look, in multiples of the noise around
* unrest: log of one and that noise, in grey levels: rain, shaking, traffic
* veil: log of the fine texture in the box against that when the track began: smoke takes contrast away
* chroma: mean difference of the colour channels in the box, less that around it, in `_CHROMA_LEVELS`
* flame: share of the box that is flame-coloured (`vision.flames`)
* flicker: log of one and the spread of the box's brightness from look to look, in multiples of the noise around
* reaction: largest share of the whole picture that changed from one look to the next
* company: log of the tracks of its class in the picture
* magnified: share of the sightings whose box is of the magnified picture: a plain look showed less, or nothing
* news: share of the box that differs from how the place usually looks, mean of the sightings in which that is known
"""

WINDOW_S = 12.0
"""Looks so old no longer count: six of a patrol, twenty-five in focus."""

MOST_LOOKS = 64
"""Looks kept, whatever the analysis rate."""

_LEAST_ODDS, _MOST_ODDS = 0.02, 0.98
_NOISE_FLOOR = 1.0
_TEXTURE_FLOOR = 0.5
_CHROMA_LEVELS = 32.0
_SPREAD = 90
_MOST_RATE = 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """
    What one analysed picture shows of a track.

    Attributes:
        time: of the picture.

        xyxy: the track's box in pixels of the picture looked at; ``None`` where it was missed.

        confidence: of that box; 0 where it was missed.

        change: `vision.change.BoxChange.ratio`.

        picture_share: share of the whole picture that changed since the one before, in [0, 1].

        company: live tracks of the same class, this one included.

        magnified: whether the box is of the magnified picture.

        news: share of the box that differs from how the place usually looks; ``None`` where that is not known.
    """

    time: CaptureTime
    xyxy: Xyxy | None
    confidence: float
    change: float
    picture_share: float = 0.0
    company: int = 1
    magnified: bool = False
    news: float | None = None


@dataclass(frozen=True, slots=True)
class _Pixels:
    """What one look measured in the track's region, against the look before."""

    turbulence: float
    unrest: float
    brightness: float
    texture: float
    chroma: float
    flame: float


class TrackCues:
    """Gathers the cues of one track: same pictures and boxes, same cues. Not thread-safe."""

    def __init__(self, image: BgrImage, xyxy: Xyxy) -> None:
        self._area_px2 = float(image.shape[0] * image.shape[1])
        self._region = Region.around(xyxy, (image.shape[1], image.shape[0]))
        self._last: NDArray[np.float32] | None = None
        self._texture: float | None = None
        self._looks: deque[Look] = deque(maxlen=MOST_LOOKS)
        self._pixels: deque[_Pixels] = deque(maxlen=MOST_LOOKS)
        self._first: CaptureTime | None = None
        self._sightings = 0
        self._lasted_s = 0.0
        self._box: Xyxy = xyxy

    def begin_anew(self) -> None:
        """Forget what was seen: the camera turned, or looks with other eyes, and the old pictures no longer compare."""
        self._last = self._texture = self._first = None
        self._looks.clear()
        self._pixels.clear()
        self._sightings, self._lasted_s = 0, 0.0

    def observe(self, image: BgrImage, look: Look) -> None:
        """Take in the next picture of the epoch."""
        pixels = self._measure(image)
        if pixels is not None:
            self._pixels.append(pixels)
        self._looks.append(look)
        while look.time.seconds_since(self._looks[0].time) > WINDOW_S:
            self._looks.popleft()
        while len(self._pixels) > len(self._looks):
            self._pixels.popleft()
        if look.xyxy is not None:
            self._box = look.xyxy
            self._first = self._first or look.time
            self._sightings += 1
            self._lasted_s = look.time.seconds_since(self._first)

    def values(self) -> NDArray[np.float64]:
        """Return the cues in the order of `CUES`, float64 ``(n,)``, all finite."""
        seen = [look for look in self._looks if look.xyxy is not None]
        now = self._looks[-1] if self._looks else None
        growth, drift, anchor = _motion(seen)
        noise = _mean([p.unrest for p in self._pixels], _NOISE_FLOOR)
        left, top, right, bottom = self._box
        share = max((right - left) * (bottom - top) / self._area_px2, 1e-6)
        found = {
            "score": _mean([_log_odds(look.confidence) for look in seen], _log_odds(0.0)),
            "persistence": (len(seen) + 1) / (len(self._looks) + 2),
            "looks": math.log1p(self._sightings),
            "lasted": math.log1p(self._lasted_s),
            "growth": growth,
            "drift": drift,
            "anchor": anchor,
            "size": math.log10(share),
            "change": math.log1p(now.change if now else 0.0),
            "turbulence": math.log1p(_median([p.turbulence for p in self._pixels]) / noise),
            "unrest": math.log1p(noise),
            "veil": self._veil(),
            "chroma": _mean([p.chroma for p in self._pixels], 0.0) / _CHROMA_LEVELS,
            "flame": _mean([p.flame for p in self._pixels], 0.0),
            "flicker": math.log1p(self._flicker() / noise),
            "reaction": max((look.picture_share for look in self._looks), default=0.0),
            "company": math.log(now.company if now else 1),
            "magnified": _mean([float(look.magnified) for look in seen], 0.0),
            "news": _mean([look.news for look in seen if look.news is not None], 0.0),
        }
        return np.array([found[name] for name in CUES], np.float64)

    def _measure(self, image: BgrImage) -> _Pixels | None:
        """Return what the region shows against the look before; ``None`` in the first."""
        cells = self._region.bgr(image)
        grey = cells @ np.array([0.114, 0.587, 0.299], np.float32)
        inside = self._region.inside
        around = ~inside if not inside.all() else inside
        texture = float(np.median(np.abs(grey - cv2.blur(grey, (5, 5)))[inside]))
        if self._texture is None:
            self._texture = texture
        last, self._last = self._last, grey
        if last is None:
            return None
        difference = grey - last
        offset = float(np.median(difference[around]))
        spread = cells.max(axis=2) - cells.min(axis=2)
        return _Pixels(
            turbulence=float(np.percentile(np.abs(difference[inside] - offset), _SPREAD)),
            unrest=max(float(np.percentile(np.abs(difference[around] - offset), _SPREAD)), _NOISE_FLOOR),
            brightness=float(grey[inside].mean() - np.median(grey[around])),
            texture=texture,
            chroma=float(spread[inside].mean() - spread[around].mean()),
            flame=float(is_flame_coloured(cells[inside]).mean()),
        )

    def _veil(self) -> float:
        if self._texture is None or not self._pixels:
            return 0.0
        newest = _median([p.texture for p in list(self._pixels)[-5:]])
        return math.log((newest + _TEXTURE_FLOOR) / (self._texture + _TEXTURE_FLOOR))

    def _flicker(self) -> float:
        steps = [abs(after.brightness - before.brightness) for before, after in pairwise(self._pixels)]
        return _mean(steps, 0.0)


def _motion(seen: list[Look]) -> tuple[float, float, float]:
    """
    Return growth, drift and anchor of the boxes seen, per `WINDOW_S`; zeros before the third.

    Each is a slope over the time, so that one box that is off does not count as a move.
    """
    boxes = np.array([look.xyxy for look in seen], np.float64).reshape(-1, 4)
    if len(boxes) < 3:
        return 0.0, 0.0, 0.0
    times = np.array([look.time.seconds_since(seen[0].time) for look in seen])
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    size = float(np.sqrt(sides.prod(axis=1)).mean())
    growth = _slope(times, np.log(sides.prod(axis=1))[:, None])[0]
    steps = np.array([0.0, 0.5, 1.0])
    ways = _slope(times, np.concatenate([boxes[:, :1] + sides[:, :1] * steps, boxes[:, 1:2] + sides[:, 1:] * steps], 1))
    speeds = np.hypot(ways[None, :3], ways[3:, None]) / size
    return (
        float(np.clip(growth * WINDOW_S, -_MOST_RATE, _MOST_RATE)),
        float(min(speeds[1, 1] * WINDOW_S, _MOST_RATE)),
        float(min(speeds.min() * WINDOW_S, _MOST_RATE)),
    )


def _slope(times: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least-squares slope of each column ``(n, m)`` over the times ``(n,)``."""
    centred = times - times.mean()
    slopes: NDArray[np.float64] = centred @ (columns - columns.mean(axis=0)) / max(float(centred @ centred), 1e-9)
    return slopes


def _log_odds(confidence: float) -> float:
    share = min(max(confidence, _LEAST_ODDS), _MOST_ODDS)
    return math.log(share / (1 - share))


def _mean(values: list[float], otherwise: float) -> float:
    return math.fsum(values) / len(values) if values else otherwise


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else 0.0
