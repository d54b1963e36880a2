"""
Picture health: whether a camera still shows what it is there to show (domain.md 7.1, V17).

A black, glaring, frozen, covered or blurred camera watches nothing, and what a detector finds in its pictures is no
violation. Each fault is judged against what the same camera showed in its sound minutes, over seconds and not over
pictures, so that a lorry before the lens or one flash is none. A camera that was turned watches another place: that is
learnt at once, while the turn is told until the camera turns back or has long stood so.
"""

import statistics
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.scene.stillness import Stillness

HOLD_S = 10.0
"""A fault counts once it has lasted so long: a lorry before the lens is gone by then."""

CLEAR_S = 5.0
"""A fault is over once it has been away for so long."""

LEARN_S = 10.0
"""Sound pictures of so long are needed before anything is compared with them."""

ADAPT_S = 600.0
"""What the camera usually shows follows the light of the day within so long."""

ELSEWHERE_S = 5.0
"""A camera that shows another place for so long is learnt anew: who walks past the lens is gone by then."""

MOVED_S = 900.0
"""It is told as moved for so long, unless it turns back before: then it stands there."""

BLACK_LEVEL = 12.0
"""99 % of a black picture is below this 8-bit level; black in limited range decodes as 0 to 2."""

GLARE_LEVEL = 250.0
GLARE_SHARE = 0.6
"""Share of the picture that is lost to light in a glaring one."""

BLURRED_DETAIL = 0.3
"""
Share of its usual fine detail, against what is left of coarse edges, below which a picture is blurred. Blurred scenes
have 0.03 at most, through strong noise too; clips of fixed cameras 0.55 and more.
"""

LEAST_DETAIL = 1.5
"""Grey levels of fine detail that a camera must usually have to be judged by it: the dark has hardly any."""

FLATTEST, SPREAD = 10, 1.3
"""Percentile of the picture's parts by detail whose own is taken for the sensor's noise, and how far noise scatters."""

LIKE = 0.25
"""
Correlation of edges with the usual ones below which it is another place. Measured at one picture a second: other places
0.19 at most, fixed cameras 0.66 and more.
"""

USUALLY_LIKE = 0.5
"""A camera whose own pictures are usually less alike than this (a moving one, a floor without edges) is not judged."""

MOVED_SHARE = 0.04
"""Share of the width by which a picture has to be shifted to count as turned."""

SHIFT_LOSS = 0.1
"""Likeness that a shift costs at least: only then one is looked for."""

SHIFT_GAIN = 0.15
"""What undoing the shift must win in likeness."""

COVERED_EDGES = 0.25
"""
Share of its usual coarse edges below which a picture is covered: out of focus, a third and more are left. A picture
that only became darker shows them where they were, as much weaker as its light is.
"""

USUAL_SHARE = 0.7
"""Share of its usual edges and detail from which a picture is much like the usual ones."""

_WH = (160, 90)
_PARTS_WH = (16, 9)
_LOOK_WIDTH = 640


class PictureFault(StrEnum):
    """What is wrong with what a camera shows."""

    BLACK = "black"
    GLARE = "glare"
    FROZEN = "frozen"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"

    @property
    def blinds(self) -> bool:
        """Whether nothing is watched while it lasts; a camera that was moved watches its new view."""
        return self is not PictureFault.MOVED


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """What one picture is compared by: grey cells ``(90, 160)``, their edges, and the fine detail."""

    grey: NDArray[np.float32]
    edges: NDArray[np.float32]
    detail: float

    @property
    def coarse(self) -> float:
        return float(self.edges.mean())


@dataclass(slots=True, eq=False)
class _Place:
    """
    What a camera usually shows where it stands, as far as it was learnt.

    Attributes:
        usual: the mean of its pictures, by the light of the day.

        learnt_s: seconds of pictures in it.

        likeness: of the newest pictures to it.
    """

    usual: _Sight
    learnt_s: float = 0.0
    likeness: deque[float] = field(default_factory=lambda: deque((1.0,), maxlen=64))

    @property
    def is_learnt(self) -> bool:
        return self.learnt_s >= LEARN_S

    @property
    def usually(self) -> float:
        """How like the usual picture the newest ones are."""
        return statistics.median(self.likeness)

    def likeness_of(self, sight: _Sight) -> float:
        """Return the correlation of a picture's edges with the usual ones."""
        return _likeness(sight.edges, self.usual.edges)

    def is_usual(self, sight: _Sight) -> bool:
        """Whether a picture is much like what the camera usually shows."""
        usual = self.usual
        is_clear = sight.coarse > USUAL_SHARE * usual.coarse and sight.detail > USUAL_SHARE * usual.detail
        return self.is_learnt and is_clear and self.likeness_of(sight) > self.usually - SHIFT_LOSS

    def learn(self, sight: _Sight, step_s: float) -> None:
        """Take in a sound picture that came `step_s` after the last one."""
        self.learnt_s += step_s
        share = np.float32(min(1.0, step_s / min(max(self.learnt_s, step_s, 1e-3), ADAPT_S)))
        usual = self.usual
        self.likeness.append(self.likeness_of(sight))
        self.usual = _Sight(
            grey=usual.grey + share * (sight.grey - usual.grey),
            edges=usual.edges + share * (sight.edges - usual.edges),
            detail=float(usual.detail + share * (sight.detail - usual.detail)),
        )


@dataclass(slots=True, eq=False)
class _Move:
    """
    A change of view that is told, or will be.

    Attributes:
        before: the place that the camera showed.

        onset: the first picture that showed another.

        was_sudden: whether the one before it still looked as usual.

        lasted_s: since then, or since the camera moved on.
    """

    before: _Place
    onset: CaptureTime | None
    was_sudden: bool
    lasted_s: float


class PictureHealth:
    """
    Judges one camera's pictures, in order, at any rate; a new epoch or size of the stream changes nothing.

    Attributes:
        views: how often the camera began to show another place or turned back; nothing compares across.
    """

    def __init__(self) -> None:
        self._place: _Place | None = None
        self._move: _Move | None = None
        self._last: tuple[_Sight, CaptureTime] | None = None
        self.views = 0
        self._stillness = Stillness()
        self._suspected: PictureFault | None = None
        self._suspected_s = 0.0
        self._elsewhere_s: float | None = None
        self._away_s = 0.0
        self._fault: PictureFault | None = None
        self._onset: CaptureTime | None = None
        self._was_sudden = False

    @property
    def onset(self) -> CaptureTime | None:
        """The first picture that looked wrong, of the fault that holds or is suspected; ``None`` while none is."""
        return self._onset if self._move is None or self._fault is not None else self._move.onset

    @property
    def was_sudden(self) -> bool:
        """Whether the picture before the onset still looked as usual: rain, dusk and dirt come by degrees."""
        return self._was_sudden if self._move is None or self._fault is not None else self._move.was_sudden

    @property
    def fault(self) -> PictureFault | None:
        """What is to be told of the picture now; ``None`` where nothing is."""
        if self._fault is None and self._move is not None and self._move.lasted_s >= HOLD_S:
            return PictureFault.MOVED
        return self._fault

    @property
    def is_sighted(self) -> bool:
        """False while a fault holds that blinds the camera."""
        return self._fault is None

    @property
    def suspects(self) -> bool:
        """Whether the newest picture looked wrong, though perhaps not for long enough to be a fault."""
        return self._suspected is not None or self._fault is not None

    def observe(self, image: BgrImage, time: CaptureTime) -> PictureFault | None:
        """Take in the next picture and return the fault that is told now."""
        grey = _grey(image)
        sight = _sight(grey)
        last, self._last = self._last, (sight, time)
        step_s = 0.0
        if last is not None and last[1].epoch == time.epoch:
            step_s = min(max(time.seconds_since(last[1]), 0.0), HOLD_S / 2)
        self._stillness.observe(grey, time)
        self._follow_move(sight, step_s)
        suspected = self._instant(sight)
        if suspected is not None and not self.suspects:
            self._onset = self._stillness.since or time
            self._was_sudden = last is not None and self._place is not None and self._place.is_usual(last[0])
        self._judge(suspected, step_s)
        if self._elsewhere_s is not None and self._elsewhere_s >= ELSEWHERE_S:
            self._begin_place(sight, self._elsewhere_s)
        if not self.suspects:
            self._onset, self._was_sudden = None, False
            self._learn(sight, step_s)
        return self.fault

    def _follow_move(self, sight: _Sight, step_s: float) -> None:
        """Turn back to the place before where the picture shows that one; forget it once it has long been left."""
        move, place = self._move, self._place
        if move is None or place is None:
            return
        move.lasted_s += step_s
        is_back = move.before.is_usual(sight) and move.before.likeness_of(sight) >= place.likeness_of(sight)
        if is_back:
            self._place = move.before
            self._look_sound()
        if is_back or move.lasted_s > MOVED_S:
            self._move = None

    def _begin_place(self, sight: _Sight, lasted_s: float) -> None:
        """Learn anew what the camera shows; where it moves on and on, the place before is the first one."""
        if self._move is not None:
            self._move.lasted_s = max(lasted_s, min(self._move.lasted_s, HOLD_S))
        elif self._place is not None:
            self._move = _Move(self._place, self._onset, self._was_sudden, lasted_s)
        self._place = _Place(sight)
        self._look_sound()

    def _look_sound(self) -> None:
        self._fault = self._suspected = None
        self._suspected_s = self._away_s = 0.0
        self._elsewhere_s = None
        self.views += 1

    def _judge(self, suspected: PictureFault | None, step_s: float) -> None:
        # A fault that turns into another (a hand comes nearer: blurred, covered, black) is one time of looking wrong.
        self._suspected_s = 0.0 if suspected is None or self._suspected is None else self._suspected_s + step_s
        self._suspected = suspected
        self._away_s = self._away_s + step_s if suspected is None else 0.0
        if suspected is PictureFault.MOVED:
            self._elsewhere_s = 0.0 if self._elsewhere_s is None else self._elsewhere_s + step_s
        elif suspected is not None or self._away_s >= CLEAR_S:
            self._elsewhere_s = None
        if self._away_s >= CLEAR_S:
            self._fault = None
        if suspected is None or not suspected.blinds:
            return
        if suspected is PictureFault.FROZEN or self._suspected_s >= HOLD_S:
            self._fault = suspected

    def _instant(self, sight: _Sight) -> PictureFault | None:
        """Return what looks wrong with one picture: first what needs no other to compare it with."""
        if float(np.percentile(sight.grey, 99)) < BLACK_LEVEL:
            return PictureFault.BLACK
        if float((sight.grey >= GLARE_LEVEL).mean()) > GLARE_SHARE:
            return PictureFault.GLARE
        if self._stillness.is_frozen:
            return PictureFault.FROZEN
        if self._place is not None and self._place.is_learnt:
            return _compared(sight, self._place)
        # A hand that turns a camera and then covers it: the cover must not be learnt as the new view.
        suspected = None if self._move is None else _compared(sight, self._move.before)
        return suspected if suspected is not None and suspected.blinds else None

    def _learn(self, sight: _Sight, step_s: float) -> None:
        if self._place is None:
            self._place = _Place(sight)
        else:
            self._place.learn(sight, step_s)


def _compared(sight: _Sight, place: _Place) -> PictureFault | None:
    """Return what looks wrong against what the camera usually shows."""
    usual, usually, likeness = place.usual, place.usually, place.likeness_of(sight)
    if sight.coarse < COVERED_EDGES * usual.coarse and not _is_darker(sight, usual, likeness):
        return PictureFault.COVERED
    # Fog takes of coarse edges what it takes of fine detail; a lens out of focus leaves them.
    clear = min(1.0, sight.coarse / max(usual.coarse, 1e-6))
    if usual.detail >= LEAST_DETAIL and sight.detail < BLURRED_DETAIL * clear * usual.detail:
        return PictureFault.BLURRED
    is_elsewhere = likeness < LIKE or (likeness < usually - SHIFT_LOSS and _is_shifted(sight, usual, likeness))
    return PictureFault.MOVED if usually >= USUALLY_LIKE and is_elsewhere else None


def _is_darker(sight: _Sight, usual: _Sight, likeness: float) -> bool:
    """Whether a picture shows the usual edges in less light, and nothing lies over them."""
    light = min(1.0, float(sight.grey.mean()) / max(float(usual.grey.mean()), 1e-6))
    return likeness >= USUALLY_LIKE and sight.coarse > USUAL_SHARE * light * usual.coarse


def _is_shifted(sight: _Sight, usual: _Sight, likeness: float) -> bool:
    # Copies: OpenCV 5.0 multiplies its inputs by the window in place.
    (dx, dy), _ = cv2.phaseCorrelate(usual.edges.copy(), sight.edges.copy(), _window())
    if max(abs(dx), abs(dy)) < MOVED_SHARE * _WH[0]:
        return False
    right, down = round(dx), round(dy)
    rows, columns = _WH[1] - abs(down), _WH[0] - abs(right)
    if rows < _WH[1] // 3 or columns < _WH[0] // 3:
        return False
    now = sight.edges[max(down, 0) :, max(right, 0) :][:rows, :columns]
    then = usual.edges[max(-down, 0) :, max(-right, 0) :][:rows, :columns]
    return _likeness(now, then) > likeness + SHIFT_GAIN


@cache
def _window() -> NDArray[np.float32]:
    return np.asarray(cv2.createHanningWindow(_WH, cv2.CV_32F), np.float32)


def _grey(image: BgrImage) -> NDArray[np.uint8]:
    """Return the picture grey, at most `_LOOK_WIDTH` wide."""
    height, width = image.shape[:2]
    look = image
    if width > _LOOK_WIDTH:
        size = (_LOOK_WIDTH, max(1, round(height * _LOOK_WIDTH / width)))
        look = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(look), cv2.COLOR_BGR2GRAY), np.uint8)


def _sight(look: NDArray[np.uint8]) -> _Sight:
    grey = np.asarray(cv2.resize(look.astype(np.float32), _WH, interpolation=cv2.INTER_AREA), np.float32)
    edges = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    capped = np.minimum(edges, np.percentile(edges, 95))
    return _Sight(grey, np.asarray(capped, np.float32), _detail(look))


def _detail(grey: NDArray[np.uint8]) -> float:
    """
    Return the magnitude of the second derivative in 8-bit levels beyond the noise, in every third row.

    Root mean square less that of the flattest parts: grain is everywhere alike, and a lens out of focus takes none.
    """
    bends = np.ascontiguousarray(cv2.Laplacian(grey, cv2.CV_16S)[::3]).astype(np.float32)
    parts = cv2.resize(bends * bends, _PARTS_WH, interpolation=cv2.INTER_AREA)
    return float(np.sqrt(max(0.0, float(parts.mean()) - SPREAD * float(np.percentile(parts, FLATTEST)))))


def _likeness(edges: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Return the correlation of two maps of edges, in [-1, 1]; 0 where either has none."""
    a, b = edges - edges.mean(), others - others.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0
