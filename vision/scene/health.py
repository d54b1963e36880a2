"""
Picture health: whether a camera still shows what it is there to show (domain.md 7.1, V17).

A black, glaring, frozen, covered or blurred camera watches nothing, and boxes in its pictures are no evidence. Each
fault is judged against the same camera's sound pictures and must last for seconds, so that neither a lorry in front of
the lens nor a flash counts. A camera that was turned shows another place: the new view is learnt at once, and the fault
is reported until the camera turns back or `MOVED_S` have passed.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.scene.sketch import Sketch, grey_of, is_shifted, sketch_of
from vision.scene.stillness import Stillness
from vision.scene.usual_view import SHIFT_LOSS, USUAL_SHARE, UsualView

HOLD_S = 10.0
"""Seconds that a fault must last: a lorry in front of the lens is gone by then."""

CLEAR_S = 5.0
"""Seconds without the fault after which it is over."""

ELSEWHERE_S = 5.0
"""Seconds of another place after which that is learnt: someone who walks past the lens is gone by then."""

MOVED_S = 900.0
"""Seconds for which a camera is reported as moved, unless it turns back before."""

BLACK_LEVEL = 12.0
"""99 % of a black picture is below this 8-bit level; black in limited range decodes as 0 to 2."""

GLARE_LEVEL = 250.0
GLARE_SHARE = 0.6
"""Share of saturated pixels in a glaring picture."""

BLURRED_DETAIL = 0.3
"""
Share of the usual fine detail, relative to the share of coarse edges left, below which a picture is blurred. Blurred
scenes have 0.03 at most, with strong noise too; clips of fixed cameras 0.55 and more.
"""

LEAST_DETAIL = 1.5
"""Usual fine detail in grey levels below which blur is not judged: the dark has hardly any."""

LIKE = 0.25
"""
Correlation of edges with the usual ones below which a picture shows another place. Measured at one picture a second:
other places 0.19 at most, fixed cameras 0.66 and more.
"""

USUALLY_LIKE = 0.5
"""Usual likeness below which a move is not judged: a camera that always moves, a floor without edges."""

COVERED_EDGES = 0.25
"""
Share of the usual coarse edges below which a picture is covered: out of focus, a third and more are left. A picture
that only became darker keeps its edges in place, weaker by as much as its light.
"""


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
        """Whether nothing is watched meanwhile; a camera that was moved watches its new view."""
        return self is not PictureFault.MOVED


@dataclass(slots=True, eq=False)
class _Move:
    """
    A change of view that is reported, or will be.

    Attributes:
        before: the view before it.

        onset: the first picture of another view.

        was_sudden: whether the picture before it still looked as usual.

        lasted_s: seconds since then, or since the camera moved again.
    """

    before: UsualView
    onset: CaptureTime | None
    was_sudden: bool
    lasted_s: float


class PictureHealth:
    """
    Judges one camera's pictures, in order, at any rate, across epochs and sizes of the stream.

    Attributes:
        views: how often the view changed; pictures of different views must not be compared.
    """

    def __init__(self) -> None:
        self._view: UsualView | None = None
        self._move: _Move | None = None
        self._last: tuple[Sketch, CaptureTime] | None = None
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
        """The first picture of the fault that holds or is suspected; ``None`` where there is none."""
        return self._onset if self._move is None or self._fault is not None else self._move.onset

    @property
    def was_sudden(self) -> bool:
        """Whether the picture before the onset still looked as usual: rain, dusk and dirt come slowly."""
        return self._was_sudden if self._move is None or self._fault is not None else self._move.was_sudden

    @property
    def fault(self) -> PictureFault | None:
        """The fault to report now; ``None`` where there is none."""
        if self._fault is None and self._move is not None and self._move.lasted_s >= HOLD_S:
            return PictureFault.MOVED
        return self._fault

    @property
    def is_sighted(self) -> bool:
        """False while a fault blinds the camera."""
        return self._fault is None

    @property
    def suspects(self) -> bool:
        """Whether the newest picture looked wrong, even if not yet for long enough to be a fault."""
        return self._suspected is not None or self._fault is not None

    def observe(self, image: BgrImage, time: CaptureTime) -> PictureFault | None:
        """Add the next picture and return the fault to report now."""
        grey = grey_of(image)
        sketch = sketch_of(grey)
        last, self._last = self._last, (sketch, time)
        step_s = 0.0
        if last is not None and last[1].epoch == time.epoch:
            step_s = min(max(time.seconds_since(last[1]), 0.0), HOLD_S / 2)
        self._stillness.observe(grey, time)
        self._follow_move(sketch, step_s)
        suspected = self._instant(sketch)
        if suspected is not None and not self.suspects:
            self._onset = self._stillness.since or time
            self._was_sudden = last is not None and self._view is not None and self._view.is_usual(last[0])
        self._judge(suspected, step_s)
        if self._elsewhere_s is not None and self._elsewhere_s >= ELSEWHERE_S:
            self._begin_view(sketch, self._elsewhere_s)
        if not self.suspects:
            self._onset, self._was_sudden = None, False
            self._learn(sketch, step_s)
        return self.fault

    def _follow_move(self, sketch: Sketch, step_s: float) -> None:
        """Return to the view before the move where the picture shows it; forget it `MOVED_S` after the move."""
        move, view = self._move, self._view
        if move is None or view is None:
            return
        move.lasted_s += step_s
        is_back = move.before.is_usual(sketch) and move.before.likeness_of(sketch) >= view.likeness_of(sketch)
        if is_back:
            self._view = move.before
            self._look_sound()
        if is_back or move.lasted_s > MOVED_S:
            self._move = None

    def _begin_view(self, sketch: Sketch, lasted_s: float) -> None:
        """Learn a new view; in a series of moves the view before it is the first one."""
        if self._move is not None:
            self._move.lasted_s = max(lasted_s, min(self._move.lasted_s, HOLD_S))
        elif self._view is not None:
            self._move = _Move(self._view, self._onset, self._was_sudden, lasted_s)
        self._view = UsualView(sketch)
        self._look_sound()

    def _look_sound(self) -> None:
        self._fault = self._suspected = None
        self._suspected_s = self._away_s = 0.0
        self._elsewhere_s = None
        self.views += 1

    def _judge(self, suspected: PictureFault | None, step_s: float) -> None:
        # A fault that turns into another (a hand comes nearer: blurred, covered, black) counts as one.
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

    def _instant(self, sketch: Sketch) -> PictureFault | None:
        """Return the fault of one picture, first those that need no comparison."""
        if float(np.percentile(sketch.grey, 99)) < BLACK_LEVEL:
            return PictureFault.BLACK
        if float((sketch.grey >= GLARE_LEVEL).mean()) > GLARE_SHARE:
            return PictureFault.GLARE
        if self._stillness.is_frozen:
            return PictureFault.FROZEN
        if self._view is not None and self._view.is_learnt:
            return _compared(sketch, self._view)
        # Where a camera is turned and then covered, the cover must not be learnt as the new view.
        suspected = None if self._move is None else _compared(sketch, self._move.before)
        return suspected if suspected is not None and suspected.blinds else None

    def _learn(self, sketch: Sketch, step_s: float) -> None:
        if self._view is None:
            self._view = UsualView(sketch)
        else:
            self._view.learn(sketch, step_s)


def _compared(sketch: Sketch, view: UsualView) -> PictureFault | None:
    """Return the fault of a picture against the usual view."""
    usual, usually, likeness = view.usual, view.usually, view.likeness_of(sketch)
    if sketch.coarse < COVERED_EDGES * usual.coarse and not _is_darker(sketch, usual, likeness):
        return PictureFault.COVERED
    # Fog weakens coarse edges as much as fine detail; a lens out of focus leaves them.
    clear = min(1.0, sketch.coarse / max(usual.coarse, 1e-6))
    if usual.detail >= LEAST_DETAIL and sketch.detail < BLURRED_DETAIL * clear * usual.detail:
        return PictureFault.BLURRED
    is_elsewhere = likeness < LIKE or (likeness < usually - SHIFT_LOSS and is_shifted(sketch, usual, likeness))
    return PictureFault.MOVED if usually >= USUALLY_LIKE and is_elsewhere else None


def _is_darker(sketch: Sketch, usual: Sketch, likeness: float) -> bool:
    """Whether a picture shows the usual edges in less light, uncovered."""
    light = min(1.0, float(sketch.grey.mean()) / max(float(usual.grey.mean()), 1e-6))
    return likeness >= USUALLY_LIKE and sketch.coarse > USUAL_SHARE * light * usual.coarse
