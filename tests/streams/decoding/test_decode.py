from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streams.decoding.decode import FrameDecoder, decode_stills
from streams.errors import NotAVideo
from streams.frame import Frame, Packet
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.media import number_of


def decoded(decoder: FrameDecoder, packets: list[Packet]) -> list[Frame]:
    return [frame for packet in packets for frame in decoder.decode(packet)] + decoder.flush()


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", {}),
        (".mp4", {"b_frames": 2}),
        (".mp4", {"codec": "libx265", "b_frames": 2}),
        (".avi", {"codec": "mjpeg"}),
    ],
)
def test_every_picture_comes_with_its_own_time(clip: MakeClip, suffix: str, options: dict[str, object]) -> None:
    """Picture n of a 25 fps clip carries the time n / 25, B-frames or not."""
    frames = decoded(FrameDecoder(0), packets_of(clip(suffix, seconds=2, **options)))
    assert [number_of(frame.image) for frame in frames] == list(range(50))
    assert [float(frame.time.pts_s) for frame in frames] == pytest.approx([i / 25 for i in range(50)])


def test_only_the_analysis_rate_is_handed_out(clip: MakeClip) -> None:
    """At two frames a second every 0.5 s of a 25 fps clip gives one frame, though all are decoded."""
    decoder = FrameDecoder(2)
    frames = decoded(decoder, packets_of(clip(".mp4", seconds=4)))
    assert [number_of(frame.image) for frame in frames] == [0, 13, 25, 38, 50, 63, 75, 88]
    assert decoder.decoded == 100


@pytest.mark.parametrize("options", [{}, {"b_frames": 2}, {"codec": "libx265", "b_frames": 2}])
def test_key_frames_can_be_decoded_alone(clip: MakeClip, options: dict[str, object]) -> None:
    """Patrol decodes a key frame without what follows it, and the picture comes at once."""
    decoder = FrameDecoder(25)
    keys = [packet for packet in packets_of(clip(".mp4", seconds=4, **options)) if packet.is_keyframe]
    frames = [decoder.decode_alone(packet) for packet in keys]
    assert [[number_of(frame.image) for frame in each] for each in frames] == [[0], [25], [50], [75]]
    assert (decoder.decoded, decoder.errors) == (4, 0)


def test_a_key_frame_for_a_small_look_is_decoded_coarsely(clip: MakeClip) -> None:
    """Scaled to half or less a key frame alone differs hardly from its picture in full, and beyond that not at all."""
    key = packets_of(clip(".mp4", seconds=1, bit_rate=400_000))[0]
    for look_px, is_coarse in ((160, True), (320, False), (0, False)):
        full = np.asarray(decoded(FrameDecoder(1, look_px=look_px), [key])[0].image, np.int16)
        alone = np.asarray(FrameDecoder(1, look_px=look_px).decode_alone(key)[0].image, np.int16)
        difference = np.abs(full - alone)
        assert bool(difference.any()) is is_coarse
        assert difference.mean() < 1.0


def test_a_decoder_resumes_in_the_past(clip: MakeClip) -> None:
    """Focus decodes a group from its key frame, hands out what was not yet seen at its rate, and goes on from there."""
    packets = packets_of(clip(".mp4", seconds=3))
    decoder = FrameDecoder(5)
    decoder.decode_alone(packets[25])
    frames = decoder.resume(packets[25:40], after=packets[25].time)
    frames += [frame for packet in packets[40:60] for frame in decoder.decode(packet)]
    assert [number_of(frame.image) for frame in frames] == [30, 35, 40, 45, 50, 55]


def test_pictures_come_in_the_size_of_the_look(clip: MakeClip) -> None:
    """The longer side is what was asked for, the source's size stays known, and nothing is enlarged."""
    packets = packets_of(clip(".mp4", seconds=1))
    small = decoded(FrameDecoder(1, look_px=160), packets)[0]
    assert (small.image.shape, small.source_wh, small.scale_xy) == ((120, 160, 3), (320, 240), (2.0, 2.0))
    assert small.image.flags.c_contiguous
    large = decoded(FrameDecoder(1, look_px=640), packets)[0]
    assert large.image.shape == (240, 320, 3)


def test_colours_are_rounded_not_cut(tmp_path: Path) -> None:
    """A flat grey of level 128 comes out as 128 in full size and scaled; swscale left to itself loses levels."""
    path = tmp_path / "grey.mp4"
    with av.open(str(path), "w") as container:
        encoder = container.add_stream("libx264", rate=5, options={"qp": "1", "threads": "1"})
        encoder.width, encoder.height, encoder.pix_fmt = 1280, 720, "yuv420p"
        picture = av.VideoFrame(1280, 720, "yuv420p")
        # Luma 126 of 16-235 is level 128 of 0-255.
        for plane, value in zip(picture.planes, (126, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        picture.pts, picture.time_base = 0, Fraction(1, 5)
        container.mux(encoder.encode(picture))
        container.mux(encoder.encode(None))
    for look_px in (0, 640):
        image = decoded(FrameDecoder(0, look_px=look_px), packets_of(path))[0].image
        assert (image.min(), image.max()) == (128, 128)


def test_a_live_decoder_holds_no_picture_back(clip: MakeClip) -> None:
    """Without B-frames each packet gives its own picture at once."""
    decoder = FrameDecoder(0)
    for packet in packets_of(clip(".mp4", seconds=1)):
        assert [frame.time for frame in decoder.decode(packet)] == [packet.time]


def test_frames_cannot_be_written_to(clip: MakeClip) -> None:
    """Everybody sees the same picture: it is read-only BGR of the source's size."""
    frame = decoded(FrameDecoder(0), packets_of(clip(".mp4", seconds=1)))[0]
    assert (frame.image.shape, frame.image.dtype) == ((240, 320, 3), np.uint8)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1


def test_damaged_packets_are_counted_and_survived(clip: MakeClip) -> None:
    """Noise in place of packets costs those pictures, not the stream; the next key frame is right again."""
    packets = packets_of(clip(".mp4", seconds=3))
    noise = np.random.default_rng(1).integers(0, 255, 600, np.uint8).tobytes()
    damaged = [replace(packet, data=noise) if 5 <= index < 15 else packet for index, packet in enumerate(packets)]
    decoder = FrameDecoder(0)
    frames = decoded(decoder, damaged)
    assert decoder.errors >= 10
    good = {number_of(frame.image) for frame in frames if frame.time.pts_s >= 1}
    assert good == set(range(25, 75))


def test_a_new_stream_starts_a_new_decoder(clip: MakeClip) -> None:
    """A camera that changes its size goes on giving frames, none of the old ones lost."""
    small = packets_of(clip(".mp4", seconds=1, b_frames=2))
    large = packets_of(clip(".mp4", seconds=1, size=(640, 480)))
    decoder = FrameDecoder(0)
    frames = decoded(decoder, small + large)
    assert [frame.image.shape[:2] for frame in frames] == [(240, 320)] * 25 + [(480, 640)] * 25
    assert decoder.errors == 0


def test_threads_change_nothing_but_speed(clip: MakeClip) -> None:
    """A replay decoded by four threads gives the same frames as one by one."""
    packets = packets_of(clip(".mp4", seconds=2, b_frames=2))
    one, four = decoded(FrameDecoder(5), packets), decoded(FrameDecoder(5, threads=4), packets)
    assert [frame.time for frame in one] == [frame.time for frame in four]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, four, strict=True))


def test_stills_are_the_pictures_asked_for(clip: MakeClip) -> None:
    """Evidence stills are found by PTS; one that is not there is left out."""
    packets = packets_of(clip(".mp4", seconds=2, b_frames=2))
    by_number = {round(packet.time.pts_s * 25): packet.pts for packet in packets}
    stills = decode_stills(packets, [by_number[7], by_number[30], 10**9])
    assert {pts: number_of(image) for pts, image in stills.items()} == {by_number[7]: 7, by_number[30]: 30}
    assert decode_stills([], [1]) == {}


def test_a_codec_without_decoder_is_named(clip: MakeClip) -> None:
    """A stream that cannot be decoded says which codec it has."""
    packet = packets_of(clip(".mp4", seconds=1))[0]
    with pytest.raises(NotAVideo, match="no decoder for nonsense"):
        FrameDecoder(1).decode(replace(packet, stream=replace(packet.stream, codec="nonsense")))


def test_the_number_on_a_picture_survives_coding(clip: MakeClip, tmp_path: Path) -> None:
    """The tests' own pictures tell their number at any start."""
    frames = decoded(FrameDecoder(0), packets_of(clip(".mp4", seconds=1, first_number=1000)))
    assert [number_of(frame.image) for frame in frames][:3] == [1000, 1001, 1002]
    assert not list(tmp_path.iterdir())


def test_no_picture_of_an_intact_stream_counts_as_damaged(tmp_path: Path) -> None:
    """MPEG-4 decoders read past a packet's end: what lies there must be zeros, not whatever the memory holds."""
    noise = np.random.default_rng(0)
    still = noise.integers(60, 120, (180, 320, 3), np.uint8)
    path = tmp_path / "still.mp4"
    with av.open(str(path), "w") as container:
        encoder = container.add_stream("mpeg4", rate=10)
        encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuv420p"
        encoder.codec_context.qmin = encoder.codec_context.qmax = 2
        for i in range(80):
            if i >= 30:
                still[60:120, 100:160] = noise.integers(0, 255, (4, 4, 3), np.uint8).repeat(15, 0).repeat(15, 1)
            image = av.VideoFrame.from_ndarray(still, format="bgr24")
            image.pts, image.time_base = i, Fraction(1, 10)
            container.mux(encoder.encode(image))
        container.mux(encoder.encode(None))
    decoder = FrameDecoder(0)
    decoded(decoder, packets_of(path))

    assert (decoder.decoded, decoder.errors) == (80, 0)
