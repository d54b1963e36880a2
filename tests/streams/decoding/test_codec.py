from dataclasses import replace

import structlog
from av import VideoCodecContext

from streams.camera import Hwaccel
from streams.decoding.codec import DecoderMaker
from streams.decoding.decode import FrameDecoder
from streams.frame import StreamInfo
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.media import number_of


def test_the_processor_decodes_unless_told_otherwise(clip: MakeClip) -> None:
    """Without a wish for a device there is nothing to report."""
    maker = DecoderMaker()
    assert not maker.open(packets_of(clip(".mp4", seconds=1))[0].stream).is_hwaccel
    assert (maker.name, maker.is_hardware) == ("software", False)


def test_a_device_that_cannot_be_had_is_reported_once(clip: MakeClip) -> None:
    """The wheel's FFmpeg has no VAAPI: the pictures come all the same, the reason is told and logged once."""
    packets = packets_of(clip(".mp4", seconds=2))
    maker = DecoderMaker(Hwaccel.VAAPI)
    decoder = FrameDecoder(2, maker=maker)
    with structlog.testing.capture_logs() as logs:
        alone = decoder.decode_alone(packets[0])
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
    assert [number_of(frame.image) for frame in [*alone, *frames]] == [0, 0, 13, 25, 38]
    assert maker.name == "software (vaapi: not for h264 in this build of ffmpeg)"
    assert [entry["reason"] for entry in logs] == ["vaapi: not for h264 in this build of FFmpeg"]


def test_a_device_that_fails_at_a_stream_is_given_up() -> None:
    """A device that opened and then cannot decode is named with the reason."""
    maker = DecoderMaker()
    maker.fall_back("no free session")
    assert maker.name == "software (software: no free session)"


class BrokenDevice(DecoderMaker):
    """A device that opens and then cannot decode: it expects another codec."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = ""

    @property
    def is_hardware(self) -> bool:
        """Until it has failed."""
        return not self.failed

    def open(self, stream: StreamInfo, *, is_coarse: bool = False) -> VideoCodecContext:
        """Return a decoder for another codec while it counts as hardware."""
        other = replace(stream, codec="png", extradata=b"") if self.is_hardware else stream
        return super().open(other, is_coarse=is_coarse)

    def fall_back(self, reason: str) -> None:
        """Remember the reason."""
        self.failed = reason


def test_a_device_that_cannot_decode_the_stream_costs_no_picture(clip: MakeClip) -> None:
    """The key frame at which the device fails is decoded by the processor, and so is all that follows."""
    packets = packets_of(clip(".mp4", seconds=1))
    maker = BrokenDevice()
    decoder = FrameDecoder(0, maker=maker)
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.flush()
    assert [number_of(frame.image) for frame in frames] == list(range(25))
    assert (maker.failed, decoder.errors) == ("invalid data found when processing input", 0)
