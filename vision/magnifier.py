"""
Magnifier: the picture with what is new in it made stronger, for a detector to look at once more.

Thin smoke changes a picture by a few grey levels, and a detector that has learned from photographs of smoke does not
see it. A camera that stands still knows how the place usually looks; what differs from that is added once more, so
that smoke of 20 % looks like smoke of 60 %, while everything that stands there stays as it is. What differs strongly
(a lorry, a lamp, a cloud's edge) needs no help and gets none. Where clouds drive past, nothing is as usual: there it is
what does not drive on with them that counts (`vision.drift`, decision 0066), shown before a sky without their shapes.
What a place is wont to do (`vision.habit`, decision 0079) is not made stronger.

Boxes of the magnified picture count like any other, and confirmation weighs them as it weighs those (decision 0064).

Like Eulerian magnification of small changes in video (Wu et al., SIGGRAPH 2012), without its frequencies.
"""

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.second import SecondPicture
from streams.clock import CaptureTime
from streams.frame import BgrImage
from vision.belief import Belief
from vision.config import WorkerConfig
from vision.drift import Drift, Sky, gain, largest
from vision.habit import Habit
from vision.motion import Motion
from vision.news import NOISE_LEVELS, News
from vision.rules.config import ConfirmBy
from vision.usual import LEAST_S, UsualLook

GAIN = 3.0
"""Times as strong that a faint change is shown."""

KNEE_LEVELS = 30.0
"""Change, in 8-bit levels, from which the gain goes: a Gaussian of it, 1.7 instead of 3 at this change, 1.0 at 60."""

LEAST_SHARE = 0.0005
"""Share of the picture that must differ by more than noise to be looked at again: 29 cells of 320 by 180."""

MOST_SHARE = 0.5
"""Share that differs strongly from which the picture shows another place or light, and nothing in it is faint."""

CLOSE_S = 1.0
"""A picture so soon after the one before is one in focus: each is looked at again."""

PATROL_S = 5.0
"""Seconds between two such looks on patrol, whose detector hundreds share: one sign is enough for focus."""

MEMORY_S = 60.0
"""Time constant in which the usual look is learned."""

FIRST_PICTURES = 9
"""Of the first ones the median counts, from the third on: what drives past leaves no ghost."""

MOST_STEP_LEVELS = 0.6
"""Later ones move it so much at most, as a running median would."""

AS_USUAL = 0.12
"""
Share of a box of smoke, in whichever picture it was seen, below which too little of it is new. Of rendered tracks of
smoke that belief is sure of, the boxes it is surest of have 0.29 and more (78 tracks), and 0.14 and more where the
smoke was there from the first picture (67); boxes of hazy mountains 0.00, of the road between two cars 0.11
(decision 0070).
"""

AS_USUAL_SETTLED = 0.2
"""
The same once the usual look has settled: smoke that comes then is no part of it. On 291 films to fit on and four days
of held-out places 0.25 gives the same leads in focus; it misses a thin steady plume above a drawn outlet (decision
0073).
"""

SETTLED_S = 10.0
"""
Seconds after which it has. Smoke that was there from the first picture on, and so is part of the usual look, is
confirmed by then where it is at all: asking for more from 8 s on misses 3 of 254 such events, from 10 s on none.
"""

AROUND = 2
"""A change is of its place where the most of its surroundings, half the picture wide and high, are as usual."""

_AROUND_CELLS = 7
_HALF = 2
_LEAST_PICTURES = 3
_COARSE_WH = (80, 45)
_FINE = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """
    How one picture differs from how the place usually looks, in cells of half its size.

    Attributes:
        time: of the picture.

        picture: float32 ``(h, w, 3)``: itself, halved.

        levels: float32 ``(h, w, 3)``: what neither staying nor drifting explains, in 8-bit levels.

        news: the largest of it over the channels, and what is wont.

        sky: what drifts in it, if anything does.
    """

    time: CaptureTime
    picture: NDArray[np.float32]
    levels: NDArray[np.float32]
    news: News
    sky: Sky | None


class Magnifier:
    """One camera's usual look. Pictures come in order and of one epoch. Not thread-safe: one caller."""

    def __init__(self) -> None:
        self._first: list[NDArray[np.float16]] = []
        self._usual: NDArray[np.float32] | None = None
        self._drift = Drift()
        self._habit = Habit()
        self._began: CaptureTime | None = None
        self._last: CaptureTime | None = None
        self._looked: CaptureTime | None = None
        self._newest: _Compared | None = None
        self._former: UsualLook | None = None
        self._is_recalled = False

    @classmethod
    def for_camera(cls, config: WorkerConfig, belief: Belief | None) -> Self | None:
        """Return one where rules decide by a belief that was fitted on magnified pictures too; ``None`` elsewhere."""
        by_belief = any(rule.enabled and rule.confirm is ConfirmBy.BELIEF for rule in config.rules.values())
        is_wanted = config.detector.magnify and by_belief and belief is not None and belief.is_magnified
        return cls() if is_wanted else None

    @property
    def motion(self) -> Motion | None:
        """How the sky drives, as measured in one of the newest pictures; ``None`` where nothing is known to drift."""
        return self._drift.motion

    def as_usual(self, time: CaptureTime) -> float:
        """Return the share of a box of smoke below which too little of it is new in a picture of that time."""
        is_settled = self._began is not None and time.seconds_since(self._began) >= SETTLED_S
        return AS_USUAL_SETTLED if is_settled or self._is_recalled else AS_USUAL

    @property
    def usual_look(self) -> UsualLook | None:
        """What is known of the place, or was before the newest pictures; ``None`` where it was not seen for long."""
        if self._usual is None or self._began is None or self._last is None:
            return self._former
        if not self._is_recalled and self._last.seconds_since(self._began) < LEAST_S:
            return self._former
        return UsualLook(self._usual.copy(), self._wont(self._usual), self._last.utc)

    def _wont(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        learned = self._habit.learned
        return np.zeros(picture.shape[:2], np.float32) if learned is None else learned.copy()

    def recall(self, look: UsualLook) -> None:
        """Go on from what was known of the place, as soon as a picture fits it; of the first pictures one must."""
        self._former = look

    def look(self, image: BgrImage, time: CaptureTime) -> SecondPicture | None:
        """Return the picture magnified, of the same size; ``None`` where another look would show nothing more."""
        if self._last is None or not self._is_due(time, self._last):
            return None
        seen = self._compared(image, time)
        if seen is None:
            return None
        difference, change, sky, news = seen.levels, seen.news.change, seen.sky, seen.news.where
        if float(news.mean()) < LEAST_SHARE or float((change > KNEE_LEVELS).mean()) > MOST_SHARE:
            return None
        noise = np.maximum(seen.news.wont, NOISE_LEVELS)
        clear = np.clip((change - noise) / noise, 0.0, 1.0)
        more = (GAIN - 1) * np.exp(-np.square(change / KNEE_LEVELS)) * clear * _is_local(change)
        if float((more > 1).mean()) < LEAST_SHARE:
            return None
        height, width = image.shape[:2]
        added = difference * more[..., None]
        if sky is not None:
            calmed = sky.share * np.exp(-np.power(change / (2 * KNEE_LEVELS), 4))
            shown = sky.calm + difference + added - seen.picture
            added = added * (1 - sky.share)[..., None] + calmed[..., None] * shown
        added = cv2.resize(added, (width, height), interpolation=cv2.INTER_LINEAR)
        self._looked = time
        magnified: BgrImage = np.clip(image + added, 0, 255).astype(np.uint8)
        return SecondPicture(magnified, news)

    def news(self, image: BgrImage, time: CaptureTime) -> News | None:
        """Return what is new in a picture not yet learned, in cells of half its size; ``None`` where it is unknown."""
        seen = self._compared(image, time)
        return None if seen is None else seen.news

    def _compared(self, image: BgrImage, time: CaptureTime) -> "_Compared | None":
        """Return how the picture differs from the usual look, worked out once."""
        if self._newest is None or self._newest.time != time:
            self._newest = self._compare(image, time)
        return self._newest

    def _compare(self, image: BgrImage, time: CaptureTime) -> "_Compared | None":
        halved = _halved(image)
        if self._usual is None or halved.shape != self._usual.shape:
            return None
        usual = self._usual * gain(halved, self._usual)
        difference = np.asarray(cv2.GaussianBlur(halved - usual, (0, 0), 0.75), np.float32)
        sky = self._drift.sky(halved, time, self._usual)
        if sky is not None:
            difference = _least(difference, sky)
        change = largest(np.abs(difference))
        return _Compared(time, halved, difference, News(change, self._habit.levels(change.shape)), sky)

    def learn(self, image: BgrImage, time: CaptureTime) -> None:
        """Take the next picture into the usual look."""
        newest, self._newest = self._newest, None
        if newest is not None and newest.time == time:
            halved = newest.picture
            self._habit.observe(newest.news.change, time)
        else:
            halved = _halved(image)
        if self._usual is not None and self._usual.shape != halved.shape:
            self.forget()
        self._began = self._began or time
        if self._usual is None or self._last is None or self._first:
            self._begin(halved, time)
        else:
            share = -math.expm1(-max(time.seconds_since(self._last), 0.0) / MEMORY_S)
            self._usual += np.clip(share * (halved - self._usual), -MOST_STEP_LEVELS, MOST_STEP_LEVELS)
        self._drift.learn(halved, time, halved if self._usual is None else self._usual)
        self._last = time

    def _begin(self, halved: NDArray[np.float32], time: CaptureTime) -> None:
        if self._former is not None and self._former.fits(halved, time.utc):
            self._usual = self._former.picture.copy()
            self._habit.take_up(self._former.wont, time)
            self._first, self._former, self._is_recalled = [], None, True
            return
        # Half precision holds quarters of 8-bit levels exactly, and half the memory of nine pictures a camera.
        self._first = [one for one in self._first if one.shape == halved.shape] + [halved.astype(np.float16)]
        if len(self._first) >= _LEAST_PICTURES:
            self._usual = np.asarray(np.median(np.asarray(self._first, np.float32), axis=0), np.float32)
        if len(self._first) == FIRST_PICTURES:
            self._first, self._former = [], None

    def forget(self) -> None:
        """Begin anew: the camera turned, or its picture changed as a whole. What was known counts if it fits again."""
        self._former, self._is_recalled = self.usual_look, False
        self._first.clear()
        self._drift.forget()
        self._habit.forget()
        self._usual = self._began = self._last = self._looked = self._newest = None

    def _is_due(self, time: CaptureTime, last: CaptureTime) -> bool:
        is_close = time.seconds_since(last) <= CLOSE_S
        return is_close or self._looked is None or time.seconds_since(self._looked) >= PATROL_S


def _least(stays: NDArray[np.float32], sky: Sky) -> NDArray[np.float32]:
    """Return what neither staying nor drifting explains: of the two differences the smaller, where things drift."""
    moved, stayed = (cv2.GaussianBlur(largest(np.abs(one)), (0, 0), _AROUND_CELLS) for one in (sky.left, stays))
    return np.where(((sky.share > 0.5) & (moved < stayed))[..., None], sky.left, stays)


def _is_local(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 where what surrounds a cell is as usual and 0 where it changes too: drifting fog, clouds on the move."""
    coarse = cv2.resize(change, _COARSE_WH, interpolation=cv2.INTER_AREA)
    around = cv2.medianBlur(np.clip(coarse * _FINE, 0, 255).astype(np.uint8), _COARSE_WH[0] // AROUND + 1)
    weight = np.clip(2 - around.astype(np.float32) / (_FINE * NOISE_LEVELS), 0.0, 1.0)
    spread: NDArray[np.float32] = cv2.resize(weight, change.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return spread


def _halved(image: BgrImage) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(1, width // _HALF), max(1, height // _HALF)), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)
