"""
Scenery: what one camera's pictures show as a whole, whatever boxes they hold.

Whether the picture can be believed (health, steadiness), what the weather or the camera does to it (rain, shaking,
fog), and what is new in it against how the place usually looks. The analyser asks it about each picture before it asks
anything about a track.
"""

from models.second import SecondPicture
from streams.clock import CaptureTime
from streams.frame import BgrImage, Frame
from vision.background import Background, Condition
from vision.change import PictureChange
from vision.fog import FogWatch
from vision.health import PictureHealth
from vision.leads import Xyxy
from vision.magnifier import AS_USUAL, Magnifier
from vision.motion import Motion
from vision.news import News
from vision.novelty import Novelty
from vision.usual import UsualLook


class Scenery:
    """
    One camera's pictures, in order. Not thread-safe: one caller.

    Attributes:
        health: what is wrong with what the camera shows, since when, and whether it came at once.

        fog: whether fog lies over the picture.
    """

    def __init__(self, magnifier: Magnifier | None = None) -> None:
        self.health = PictureHealth()
        self.fog = FogWatch()
        self._magnifier = magnifier
        self._begin()

    def _begin(self) -> None:
        self._change, self._novelty, self._background = PictureChange(), Novelty(), Background()
        self._news: News | None = None
        self._as_usual = AS_USUAL
        self._size_wh = (0, 0)

    @property
    def condition(self) -> Condition:
        """What the camera, or the weather before it, did to the newest picture as a whole."""
        return self._background.condition

    @property
    def changed_share(self) -> float:
        """Share of the picture that differed between the last two pictures."""
        return self._change.share

    @property
    def is_novel(self) -> bool:
        """Whether the newest picture holds something that the history does not explain."""
        return self._novelty.is_new

    @property
    def motion(self) -> Motion | None:
        """How the sky drives; ``None`` where nothing is known to drift."""
        return None if self._magnifier is None else self._magnifier.motion

    def magnified(self, image: BgrImage, time: CaptureTime) -> SecondPicture | None:
        """
        Return a picture not yet observed with what is faint and new in it made stronger.

        ``None`` where that would show nothing more, where the picture before was not to be believed, or where the
        camera is not looked at so.
        """
        if self._magnifier is None or self.condition.is_restless or not self.health.is_sighted or self.fog.is_veiled:
            return None
        return self._magnifier.look(image, time)

    def observe(self, frame: Frame, *, wants_news: bool) -> bool:
        """
        Take in the next picture and return whether it is steady; `wants_news`: whether `news_in` will be asked of it.

        What a camera that is covered, frozen or just turned shows is no more to be believed than one that just jumped.
        With the first picture in which a new place is learnt (`PictureHealth.views`) everything begins anew.
        """
        image, time, views = frame.image, frame.time, self.health.views
        self.health.observe(image, time)
        if self.health.views != views:
            self.forget()
            self.fog = FogWatch()
        self._size_wh = (image.shape[1], image.shape[0])
        is_calm = self._background.observe(image, time).is_steady
        has_jumped = self._change.observe(image) or not is_calm
        if has_jumped:
            self.fog.jump(image)
        is_steady = not has_jumped and not self.health.suspects
        if is_steady:
            self.fog.observe(image, time)
        self._novelty.observe(self._change.cells, time, is_steady=is_steady)
        self._news = None
        if self._magnifier is not None:
            if is_steady:
                self._news = self._magnifier.news(image, time) if wants_news else None
                self._as_usual = self._magnifier.as_usual(time)
                self._magnifier.learn(image, time)
            else:
                self._magnifier.forget()
        return is_steady

    def news_in(self, box: Xyxy) -> float | None:
        """
        Return the share of a box, in pixels of the newest picture, that differs from how the place usually looks;
        ``None`` where that is not known.
        """
        return None if self._news is None else self._news.share_in(box, self._size_wh)

    def is_new(self, box: Xyxy, confidence: float) -> bool | None:
        """
        Whether a box of the newest picture, which the detector is so sure of, shows more than is usual there; ``None``
        where that is not known.
        """
        if self._news is None:
            return None
        return self._news.unwonted_in(box, self._size_wh, confidence) >= self._as_usual

    @property
    def usual_look(self) -> UsualLook | None:
        """What is known of the place; ``None`` where it has not been watched for long enough."""
        return None if self._magnifier is None else self._magnifier.usual_look

    def recall(self, look: UsualLook) -> None:
        """Go on from what was known of the place, if the pictures that come fit it."""
        if self._magnifier is not None:
            self._magnifier.recall(look)

    def forget(self) -> None:
        """Let the next picture begin anew; what is known of the camera's health and of fog stays."""
        self._begin()
        if self._magnifier is not None:
            self._magnifier.forget()
