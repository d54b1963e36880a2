"""Followed: what is measured of one track while it lasts, and whether it may be something else than its class says."""

from dataclasses import dataclass
from typing import Self

from streams.frame import Frame
from vision.change import BoxChange
from vision.cues import TrackCues
from vision.flames import Flames
from vision.leads import Xyxy
from vision.look import in_look
from vision.rules.fire import CLASS_NAME as FIRE
from vision.rules.smoke import CLASS_NAME as SMOKE
from vision.staying import Staying
from vision.tracks import Track


@dataclass(frozen=True, slots=True)
class Followed:
    """
    One track of one epoch.

    Attributes:
        change: how much the place of its first box has changed.

        cues: of its pictures, for belief.

        flames: of a track of fire: whether it shows a flame's colour, or its flicker where there are no colours.

        staying: of a track of smoke: whether it stays where it was.
    """

    change: BoxChange
    cues: TrackCues
    flames: Flames | None
    staying: Staying | None

    @classmethod
    def begin(cls, frame: Frame, track: Track) -> Self:
        """Return what is measured of a track that begins in this picture."""
        box, name = in_look(frame, track.last.xyxy), track.class_name
        return cls(
            BoxChange(frame.image, box, frame.time),
            TrackCues(frame.image, box),
            Flames() if name == FIRE else None,
            Staying() if name == SMOKE else None,
        )

    def begin_anew(self, frame: Frame) -> None:
        """Measure from this picture on: those before do not compare."""
        self.change.begin_anew(frame.image, frame.time)
        self.cues.begin_anew()
        for test in (self.flames, self.staying):
            if test is not None:
                test.begin_anew()

    def test(self, frame: Frame, box: Xyxy) -> None:
        """Take in a box that rules will see."""
        if self.flames is not None:
            self.flames.observe(frame.image, box, self.change.flicker)
        if self.staying is not None:
            self.staying.observe(box)

    @property
    def is_doubtful(self) -> bool:
        """Whether the newest boxes may be of a lamp, or of what drives through."""
        is_dull = self.flames is not None and not self.flames.are_shown
        return is_dull or (self.staying is not None and not self.staying.is_in_place)
