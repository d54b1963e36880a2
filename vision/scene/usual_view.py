"""Usual view: what a camera usually shows from where it stands, learnt from its sound pictures."""

import statistics
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from vision.scene.sketch import Sketch, likeness_of

LEARN_S = 10.0
"""Seconds of sound pictures before anything is compared with them."""

ADAPT_S = 600.0
"""Seconds in which the usual view follows the light of the day."""

SHIFT_LOSS = 0.1
"""Least loss of likeness from which a shift is looked for."""

USUAL_SHARE = 0.7
"""Least share of the usual edges and detail that a usual picture has."""


@dataclass(slots=True, eq=False)
class UsualView:
    """
    The view of one camera position.

    Attributes:
        usual: running mean of its sketches.

        learnt_s: seconds of pictures in it.

        likeness: correlations of the newest pictures' edges with it.
    """

    usual: Sketch
    learnt_s: float = 0.0
    likeness: deque[float] = field(default_factory=lambda: deque((1.0,), maxlen=64))

    @property
    def is_learnt(self) -> bool:
        """Whether enough was seen to compare pictures with it."""
        return self.learnt_s >= LEARN_S

    @property
    def usually(self) -> float:
        """Median likeness of the newest pictures."""
        return statistics.median(self.likeness)

    def likeness_of(self, sketch: Sketch) -> float:
        """Return the correlation of a picture's edges with the usual ones, in [-1, 1]."""
        return likeness_of(sketch.edges, self.usual.edges)

    def is_usual(self, sketch: Sketch) -> bool:
        """Whether a picture is much like the usual one."""
        usual = self.usual
        is_clear = sketch.coarse > USUAL_SHARE * usual.coarse and sketch.detail > USUAL_SHARE * usual.detail
        return self.is_learnt and is_clear and self.likeness_of(sketch) > self.usually - SHIFT_LOSS

    def learn(self, sketch: Sketch, step_s: float) -> None:
        """Add a sound picture that came `step_s` seconds after the last one."""
        self.learnt_s += step_s
        share = np.float32(min(1.0, step_s / min(max(self.learnt_s, step_s, 1e-3), ADAPT_S)))
        usual = self.usual
        self.likeness.append(self.likeness_of(sketch))
        self.usual = Sketch(
            grey=usual.grey + share * (sketch.grey - usual.grey),
            edges=usual.edges + share * (sketch.edges - usual.edges),
            detail=float(usual.detail + share * (sketch.detail - usual.detail)),
        )
