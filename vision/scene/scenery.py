"""
Scenery: what one camera's pictures show as a whole, whatever boxes they hold.

Whether the picture can be believed (health, steadiness), what the weather or the camera does to it (rain, shaking,
fog), and what its history does not explain. The analyser asks it about each picture before it asks anything about a
track.
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
        health: what is wrong with what the camera shows, since when, and whether it came at once.

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
        """What the camera, or the weather before it, did to the newest picture as a whole."""
        return self._background.condition

    @property
    def is_novel(self) -> bool:
        """Whether the newest picture holds something that the history does not explain."""
        return self._novelty.is_new

    def observe(self, frame: Frame) -> bool:
        """
        Take in the next picture and return whether it is steady.

        What a camera that is covered, frozen or just turned shows is no more to be believed than one that just jumped.
        With the first picture in which a new place is learnt (`PictureHealth.views`) everything begins anew.
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
        """Let the next picture begin anew; what is known of the camera's health and of fog stays."""
        self._begin()
