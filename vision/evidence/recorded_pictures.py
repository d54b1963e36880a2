"""What a package recorded of the analysis: the lines of ``detections.jsonl``, and their pictures out of its clip."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from pydantic import Field, ValidationError

from api.contract.fields import MOST_BOXES, Box, Whole, Word
from api.contract.trust.stamp import StampError
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime
from models.detections import Detections
from streams.camera import Camera, Pace
from streams.decoding.decode import FrameDecoder
from streams.frame import Frame
from streams.source import AvSource
from streams.timing.clock import CaptureTime, StreamClock, UtcSource

SAME_PICTURE_S = 0.004
"""Media times of one picture differ by a rounding of ticks; two pictures at 50 a second are 0.02 s apart."""

_THREADS = 2


class RecordedBox(Wire):
    """One box, in pixels of the stream's own picture; ``magnified``: found in a second look, by earlier releases."""

    class_name: Word = Field(alias="class")
    confidence: float
    xyxy: Box
    magnified: bool = False


class RecordedPicture(Wire):
    """One line: a picture that was analysed live; ``clip_s`` is its place in the clip, where there is a clip."""

    epoch: Whole
    pts_s: float
    clip_s: float | None
    utc: UtcTime
    boxes: tuple[RecordedBox, ...] = Field(max_length=MOST_BOXES)

    def detections(self, class_names: Sequence[str]) -> Detections:
        """Return the boxes as a detector gave them; raise `ValueError` for a class that is none of `class_names`."""
        return Detections(
            np.array([box.xyxy for box in self.boxes], np.float32).reshape(-1, 4),
            np.array([box.confidence for box in self.boxes], np.float32),
            np.array([class_names.index(box.class_name) for box in self.boxes], np.int32),
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A recorded picture that the clip shows, with its live clocks."""

    recorded: RecordedPicture
    frame: Frame


def read_recorded(data: bytes) -> list[RecordedPicture]:
    """Return the lines of ``detections.jsonl`` in their order; raise `StampError` for one of another form."""
    pictures = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            pictures.append(RecordedPicture.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise StampError(f"detections.jsonl line {number}: {first['loc'][0]}: {first['msg']}") from error
    return pictures


def shown_in_clip(
    camera: Camera, pictures: Sequence[RecordedPicture], source: UtcSource, uncertainty_s: float
) -> Iterator[Shown]:
    """
    Decode the clip that `camera` reads and yield each recorded picture that it shows, at the size of the look.

    `source` and `uncertainty_s` are those of the recorded UTC. Raises `StreamError`.
    """
    places = sorted((each for each in pictures if each.clip_s is not None), key=lambda each: each.clip_s or 0.0)
    starts = [each.clip_s or 0.0 for each in places]
    settings = replace(camera.settings, pace=Pace.FREE, loop=False)
    stream = AvSource(replace(camera, settings=settings), StreamClock())
    decoder = FrameDecoder(0, threads=_THREADS, look_px=settings.look_px)
    zero: CaptureTime | None = None
    for frame in _decoded(stream, decoder):
        zero = zero or frame.time
        at_s = frame.time.seconds_since(zero)
        number = bisect.bisect_left(starts, at_s - SAME_PICTURE_S)
        if number == len(starts) or starts[number] > at_s + SAME_PICTURE_S:
            continue
        recorded = places[number]
        time = CaptureTime(
            Fraction(recorded.pts_s).limit_denominator(1_000_000), recorded.utc, source, uncertainty_s, recorded.epoch
        )
        yield Shown(recorded, replace(frame, time=time))


def _decoded(stream: AvSource, decoder: FrameDecoder) -> Iterator[Frame]:
    for packet in stream.packets():
        yield from decoder.decode(packet)
    yield from decoder.flush()
