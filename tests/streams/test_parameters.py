from dataclasses import replace

import av
import pytest

from streams.frame import StreamInfo
from streams.parameters import Parameters
from tests.streams.conftest import MakeClip, packets_of


def raw(data: bytes, *, is_keyframe: bool = True) -> "av.Packet[av.VideoStream]":
    packet: av.Packet[av.VideoStream] = av.Packet(data)  # type: ignore[assignment]  # of no stream
    packet.is_keyframe = is_keyframe
    return packet


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_stream_that_repeats_itself_stays_the_same(clip: MakeClip, codec: str) -> None:
    """Key frames that carry the announced parameter sets, in whatever framing, are no change."""
    packets = packets_of(clip(".ts", seconds=2, codec=codec))
    parameters = Parameters(packets[0].stream)
    seen = {id(parameters.in_force(raw(each.data, is_keyframe=each.is_keyframe), each.data)) for each in packets}
    assert seen == {id(packets[0].stream)}


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_parameters_that_were_not_announced_are_found(clip: MakeClip, codec: str) -> None:
    """A stream that announced nothing gets its parameter sets from its first key frame."""
    first = packets_of(clip(".ts", seconds=1, codec=codec))[0]
    bare = replace(first.stream, extradata=b"", width=0, height=0)
    found = Parameters(bare).in_force(raw(first.data), first.data)
    assert (found.width, found.height) == (320, 240)
    assert found.extradata.startswith((b"\0\0\1", b"\0\0\0\1"))


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_another_size_is_another_stream(clip: MakeClip, codec: str) -> None:
    """A key frame with other parameter sets gives the new size, once."""
    small = packets_of(clip(".ts", seconds=1, codec=codec))[0]
    large = packets_of(clip(".ts", seconds=1, codec=codec, size=(640, 480)))[0]
    parameters = Parameters(small.stream)
    changed = parameters.in_force(raw(large.data), large.data)
    assert (changed.width, changed.height, changed.codec) == (640, 480, small.stream.codec)
    assert parameters.in_force(raw(large.data), large.data) is changed


def test_damaged_key_frames_change_nothing(clip: MakeClip) -> None:
    """Noise behind a start code is not taken for parameters."""
    stream = packets_of(clip(".ts", seconds=1))[0].stream
    noise = b"\0\0\0\1" + bytes(range(1, 200))
    assert Parameters(stream).in_force(raw(noise), noise) is stream


def test_codecs_without_parameter_sets_are_left_alone(clip: MakeClip) -> None:
    """Motion JPEG has none."""
    packet = packets_of(clip(".avi", seconds=1, codec="mjpeg"))[0]
    stream: StreamInfo = packet.stream
    assert Parameters(stream).in_force(raw(packet.data), packet.data) is stream
