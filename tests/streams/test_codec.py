import structlog

from streams.camera import Hwaccel
from streams.codec import DecoderMaker
from streams.decode import FrameDecoder
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
