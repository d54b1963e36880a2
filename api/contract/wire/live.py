"""Live tile: the messages that go with a camera's live picture."""

from typing import Literal

from pydantic import Field

from api.contract.fields import MOST_BOXES, Box, Line, Name, Pixels, Whole, Word
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime


class OverlayBox(Wire):
    """One box over a live picture."""

    xyxy: Box
    class_name: Word
    confidence: float
    track: Whole | None = None
    state: Word = Field("", description="candidate or confirmed")


class OverlayMessage(Wire):
    """Boxes of one analysed frame, tied to the live tile's media time so that they are drawn with their picture."""

    type: Literal["overlay"] = "overlay"
    epoch: Whole
    media_s: float = Field(description="media time of the frame in the fMP4 of the same epoch")
    utc: UtcTime
    width: Pixels
    height: Pixels
    boxes: list[OverlayBox] = Field(max_length=MOST_BOXES)


class LiveInit(Wire):
    """Start of a live tile's fMP4; the initialisation segment follows as the next binary message."""

    type: Literal["init"] = "init"
    epoch: Whole
    mime: Name
    width: Pixels
    height: Pixels


class LiveClock(Wire):
    """Ties media time to capture time: ``utc`` is the capture time of the picture shown at ``media_s``."""

    type: Literal["clock"] = "clock"
    epoch: Whole
    media_s: float
    utc: UtcTime
    clock_source: Word
    uncertainty_s: float


class LiveEnd(Wire):
    """The live tile's stream is over for this epoch."""

    type: Literal["end"] = "end"
    epoch: Whole
    reason: Line
