"""
Scenery: what one camera's pictures show as a whole, independent of boxes.

It covers whether the picture can be trusted (health, steadiness), what weather or camera do to it (rain, shaking, fog),
and what is new in it. The analyser uses it before any track.
"""

from streams.frame import Frame
from vision.scene.background import Background, Condition
from vision.scene.change import PictureChange
from vision.scene.fog import FogWatch
from vision.scene.health import PictureHealth
from vision.scene.novelty import Novelty


class Scenery:
    """
    One camera's pictures, in order. Not thread-safe: one caller.

    Attributes:
        health: fault of the pictures, its onset, and whether it came suddenly.

        fog: whether fog lies over the picture.
    """

    def __init__(self) -> None:
        self.health = PictureHealth()
        self.fog = FogWatch()
        self._begin()

    def _begin(self) -> None:
        self._change, self._novelty, self._background = PictureChange(), Novelty(), Background()

    @property
    def condition(self) -> Condition:
        """What the camera or the weather did to the newest picture as a whole."""
        return self._background.condition

    @property
    def is_novel(self) -> bool:
        """Whether the newest picture shows something that its history does not explain."""
        return self._novelty.is_new

    def observe(self, frame: Frame) -> bool:
        """
        Add the next picture and return whether it is steady.

        The picture of a camera that is covered, frozen or just turned is not trusted either. With the first picture of
        a new view (`PictureHealth.views`) everything starts again.
        """
        image, time, views = frame.image, frame.time, self.health.views
        self.health.observe(image, time)
        if self.health.views != views:
            self.forget()
            self.fog = FogWatch()
        is_calm = self._background.observe(image, time).is_steady
        has_jumped = self._change.observe(image) or not is_calm
        if has_jumped:
            self.fog.jump(image)
        is_steady = not has_jumped and not self.health.suspects
        if is_steady:
            self.fog.observe(image, time)
        self._novelty.observe(self._change.cells, time, is_steady=is_steady)
        return is_steady

    def forget(self) -> None:
        """Start again with the next picture; health and fog stay."""
        self._begin()
