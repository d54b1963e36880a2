import io
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streams.decoding.clip import Fragment, FragmentedMp4, write_mp4
from streams.errors import ClipError
from streams.frame import Packet
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.media import number_of

KINDS = [
    pytest.param(".mp4", {}, "avc1", id="h264"),
    pytest.param(".mp4", {"b_frames": 2}, "avc1", id="h264-b-frames"),
    pytest.param(".ts", {"b_frames": 2}, "avc1", id="h264-annex-b"),
    pytest.param(".mp4", {"codec": "libx265", "b_frames": 2}, "hvc1", id="hevc"),
    pytest.param(".ts", {"codec": "libx265"}, "hvc1", id="hevc-annex-b"),
    pytest.param(".avi", {"codec": "mjpeg"}, "mp4v", id="mjpeg"),
]


def units(data: bytes) -> list[bytes]:
    """Return a packet's coded units, whether framed by start codes or by four-byte lengths."""
    if data.startswith((b"\0\0\1", b"\0\0\0\1")):
        return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.rstrip(b"\0")]
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found.append(data[at + 4 : at + 4 + size].rstrip(b"\0"))
        at += 4 + size
    return found


def is_same(original: Packet, data: bytes) -> bool:
    """Return True where no coded byte changed; HEVC and H.264 may change their framing."""
    if original.stream.codec == "mjpeg":
        return original.data == data
    return units(bytes(original.data)) == units(data)


def shown(file: Path | io.BytesIO) -> list[tuple[float, int]]:
    """Return time and number of every picture of a clip."""
    with av.open(str(file) if isinstance(file, Path) else file) as container:
        return [
            (round(float(frame.time), 3), number_of(frame.to_ndarray(format="bgr24")))
            for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize(("suffix", "options", "tag"), KINDS)
def test_a_clip_holds_the_very_bytes_that_came(
    clip: MakeClip, tmp_path: Path, suffix: str, options: dict[str, object], tag: str
) -> None:
    """Nothing is encoded again: every coded unit is the original's, every picture plays at its own time from 0."""
    packets = packets_of(clip(suffix, seconds=2, **options))
    info = write_mp4(packets, tmp_path / "clip.mp4")
    with av.open(str(info.path)) as container:
        stream = container.streams.video[0]
        written = [bytes(packet) for packet in container.demux(stream) if packet.size]
        assert stream.codec_context.codec_tag == tag
    assert len(written) == len(packets) == info.packets
    assert all(is_same(packet, data) for packet, data in zip(packets, written, strict=True))
    assert shown(info.path) == [(round(number / 25, 3), number) for number in range(50)]
    assert info.duration_s == pytest.approx(2.0)
    assert info.size == info.path.stat().st_size
    assert info.media_s(max(packets, key=lambda packet: packet.pts).time) == pytest.approx(49 / 25)


def test_a_clip_plays_before_it_is_loaded(clip: MakeClip, tmp_path: Path) -> None:
    """The index stands before the pictures."""
    data = write_mp4(packets_of(clip(".mp4", seconds=1)), tmp_path / "clip.mp4").path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_gaps_stay_in_the_clip(clip: MakeClip, tmp_path: Path) -> None:
    """Where packets are missing the clip stands still as long as the silence was."""
    packets = packets_of(clip(".mp4", seconds=4))
    info = write_mp4(packets[:25] + packets[75:], tmp_path / "clip.mp4")
    times = [time for time, _ in shown(info.path)]
    assert times[25] - times[24] == pytest.approx(51 / 25)


def test_a_clip_from_the_middle_starts_at_zero(clip: MakeClip, tmp_path: Path) -> None:
    """A cut's first picture is shown at 0, whatever its PTS."""
    packets = packets_of(clip(".mp4", seconds=3, b_frames=2))
    info = write_mp4(packets[50:], tmp_path / "clip.mp4")
    assert shown(info.path)[0] == (0.0, 50)
    assert info.first.pts_s == 2


def test_parameter_sets_are_taken_from_the_pictures(clip: MakeClip, tmp_path: Path) -> None:
    """A stream that announced no configuration is written all the same when its key frames carry it."""
    packets = packets_of(clip(".ts", seconds=1))
    bare = replace(packets[0].stream, extradata=b"")
    info = write_mp4([replace(packet, stream=bare) for packet in packets], tmp_path / "clip.mp4")
    assert [number for _, number in shown(info.path)] == list(range(25))


def test_what_cannot_be_a_clip_is_refused(clip: MakeClip, tmp_path: Path) -> None:
    """No packets, no key frame at the start, two epochs, or a codec that MP4 cannot hold: a clear error each."""
    packets = packets_of(clip(".mp4", seconds=1))
    path = tmp_path / "clip.mp4"
    with pytest.raises(ClipError, match="at least one packet"):
        write_mp4([], path)
    with pytest.raises(ClipError, match="start with a key frame"):
        write_mp4(packets[1:], path)
    with pytest.raises(ClipError, match="one epoch and one stream"):
        write_mp4([packets[0], replace(packets[1], time=replace(packets[1].time, epoch=1))], path)
    with pytest.raises(ClipError, match="cannot write wmv2 as MP4"):
        write_mp4([replace(packets[0], stream=replace(packets[0].stream, codec="wmv2"))], path)


def fragments_of(tile: FragmentedMp4, packets: list[Packet]) -> list[Fragment]:
    return [fragment for fragment in map(tile.feed, packets) if fragment is not None]


@pytest.mark.parametrize(
    ("suffix", "options", "mime"),
    [
        pytest.param(".mp4", {}, 'video/mp4; codecs="avc1.64000d"', id="h264"),
        pytest.param(".ts", {"b_frames": 2}, 'video/mp4; codecs="avc1.64000d"', id="h264-annex-b-b-frames"),
        pytest.param(".mp4", {"codec": "libx265", "b_frames": 2}, 'video/mp4; codecs="hvc1.1.6.L60.90"', id="hevc"),
        pytest.param(".avi", {"codec": "mjpeg"}, "video/x-mjpeg", id="mjpeg"),
        pytest.param(".mp4", {"codec": "libsvtav1"}, 'video/mp4; codecs="av01.0.00M.08"', id="av1"),
    ],
)
def test_a_tile_plays_each_picture_at_its_media_time(
    clip: MakeClip, suffix: str, options: dict[str, object], mime: str
) -> None:
    """Initialisation segment and fragments together play; `media_s` tells when each picture is shown."""
    packets = packets_of(clip(suffix, seconds=2, **options))
    tile = FragmentedMp4(packets[0].stream)
    fragments = fragments_of(tile, packets)
    data = tile.init_segment + b"".join(fragment.data for fragment in fragments)
    pictures = shown(io.BytesIO(data))
    assert tile.mime == mime
    assert (tile.init_segment[4:8], b"moof" in tile.init_segment) == (b"ftyp", False)
    assert all(fragment.data[4:8] == b"moof" for fragment in fragments)
    told = {number: tile.media_s(packet.time) for packet in packets for number in [_number(packet, packets)]}
    assert len(pictures) >= 45
    assert all(time == pytest.approx(told[number], abs=0.002) for time, number in pictures)


def _number(packet: Packet, packets: list[Packet]) -> int:
    return round((packet.time.pts_s - min(each.time.pts_s for each in packets)) * 25)


def test_fragments_are_short_and_say_where_a_viewer_can_join(clip: MakeClip) -> None:
    """A fragment lasts 0.3 s at most and a new one begins at each key frame."""
    packets = packets_of(clip(".mp4", seconds=3))
    fragments = fragments_of(FragmentedMp4(packets[0].stream), packets)
    assert max(fragment.duration_s for fragment in fragments) < 0.3
    assert [fragment.media_s for fragment in fragments if fragment.is_keyframe] == pytest.approx([0.0, 1.0, 2.0])
    starts = [fragment.media_s for fragment in fragments]
    ends = [fragment.media_s + fragment.duration_s for fragment in fragments]
    assert starts[1:] == pytest.approx(ends[:-1])


def test_a_viewer_who_joins_late_can_play(clip: MakeClip) -> None:
    """The initialisation segment and the fragments from a later key frame on decode by themselves."""
    packets = packets_of(clip(".mp4", seconds=3))
    tile = FragmentedMp4(packets[0].stream)
    fragments = fragments_of(tile, packets)
    late = [fragment for fragment in fragments if fragment.media_s >= 1.0]
    pictures = shown(io.BytesIO(tile.init_segment + b"".join(fragment.data for fragment in late)))
    assert pictures[0] == (1.0, 25)


def test_a_tile_waits_for_a_key_frame_and_ends_with_its_epoch(clip: MakeClip) -> None:
    """Packets before a key frame are passed over; another epoch or stream wants another tile."""
    packets = packets_of(clip(".mp4", seconds=2))
    tile = FragmentedMp4(packets[0].stream)
    assert fragments_of(tile, packets[1:20]) == []
    assert tile.media_s(packets[0].time) is None
    tile.feed(packets[25])
    assert tile.media_s(packets[25].time) == 0.0
    other = replace(packets[26].time, epoch=1)
    assert tile.media_s(other) is None
    with pytest.raises(ClipError, match="epoch changed"):
        tile.feed(replace(packets[26], time=other))
    with pytest.raises(ClipError, match="parameters changed"):
        tile.feed(replace(packets[26], stream=replace(packets[26].stream, width=640)))


def test_a_tile_of_an_impossible_codec_is_refused(clip: MakeClip) -> None:
    """A codec that MP4 cannot hold is named."""
    stream = replace(packets_of(clip(".mp4", seconds=1))[0].stream, codec="wmv2")
    with pytest.raises(ClipError, match="cannot write wmv2"):
        FragmentedMp4(stream)


def test_a_tile_of_a_day_keeps_its_time_and_its_memory(clip: MakeClip) -> None:
    """Media time stays exact after a day; nothing but the unfinished fragment is held."""
    packets = packets_of(clip(".mp4", seconds=1))
    tile = FragmentedMp4(packets[0].stream)
    tile.feed(packets[0])
    ticks = round(86_400 / packets[0].stream.time_base)
    time = replace(packets[0].time, pts_s=packets[0].time.pts_s + 86_400, utc=packets[0].time.utc + timedelta(days=1))
    later = replace(packets[0], pts=packets[0].pts + ticks, dts=packets[0].dts + ticks, time=time)
    first = tile.feed(later)
    assert first is not None
    assert first.duration_s == 86_400
    assert tile.media_s(time) == 86_400
    assert Fraction(tile.media_s(time) or 0) == 86_400
    assert len(tile._pending) == 1
    tile.close()
