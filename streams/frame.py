"""Packets and frames: a stream's encoded units and the pictures decoded from them, each with its two clocks."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from streams.camera import CameraId
from streams.timing.clock import CaptureTime

BgrImage = NDArray[np.uint8]
"""uint8 ``(height, width, 3)``, blue green red, C-contiguous."""


Encoded = bytes | memoryview
"""Bytes of a bitstream; a view where they lie in `streams.pages.Pages`."""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """
    What a muxer must know to write a stream's packets again without decoding them.

    Attributes:
        codec: FFmpeg's name: ``h264``, ``hevc``, ``mjpeg``, ...

        width: coded width in pixels.

        height: coded height in pixels.

        extradata: codec configuration (SPS/PPS, ...) as the demuxer gave it; may be empty for in-band parameter sets.

        time_base: seconds a tick of `Packet.pts` and `Packet.dts`.

        nominal_fps: frame rate the stream declares; 0 where it declares none. Never used for arithmetic on time.

        pixel_format: FFmpeg's name, empty where unknown.
    """

    codec: str
    width: int
    height: int
    extradata: bytes
    time_base: Fraction
    nominal_fps: float = 0.0
    pixel_format: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """
    One encoded video packet as it was received.

    Attributes:
        camera_id: whose packet it is.

        stream: parameters in force for it; the same object for every packet until they change.

        data: the bitstream, untouched.

        pts: presentation time in ticks of `stream.time_base`.

        dts: decoding time in the same ticks; monotonic within an epoch.

        duration: in ticks; 0 where unknown.

        is_keyframe: decoding can start here.

        time: the two clocks, stamped after the read returned.
    """

    camera_id: CameraId
    stream: StreamInfo
    data: Encoded
    pts: int
    dts: int
    duration: int
    is_keyframe: bool
    time: CaptureTime


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """
    One decoded picture.

    Attributes:
        camera_id: whose picture it is.

        time: the clocks of the packet it was decoded from.

        image: read-only BGR ``uint8 (height, width, 3)``, scaled down to the size of the look (decision 0012).

        is_keyframe: decoded from a key frame.

        source_wh: width and height of the stream's own picture; where not given, those of `image`. Boxes are told in
            its pixels everywhere but inside a detector.
    """

    camera_id: CameraId
    time: CaptureTime
    image: BgrImage
    is_keyframe: bool = False
    source_wh: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.source_wh == (0, 0):
            object.__setattr__(self, "source_wh", self.image_wh)

    @property
    def image_wh(self) -> tuple[int, int]:
        """Width and height of `image`."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def scale_xy(self) -> tuple[float, float]:
        """Source pixels a pixel of `image`, across and down; 1 where the picture was not scaled."""
        return self.source_wh[0] / self.image.shape[1], self.source_wh[1] / self.image.shape[0]
