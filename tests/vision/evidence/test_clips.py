"""Clips for evidence: the right stills, whatever the order of coding, and every gap told."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from api.contract.evidence.manifest import Gap
from streams.errors import ClipError
from streams.frame import Packet
from streams.ring import PacketRing
from tests.streams.media import make_clip, number_of
from tests.vision.staged import FPS, read_packets, ring_of, some_time, time_at
from vision.evidence.clips import LEFT_OUT, Clip, RingClips, Span


@pytest.fixture(scope="module", params=[0, 3])
def packets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """Six seconds, without and with pictures that are coded out of order."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return read_packets(make_clip(path, seconds=6, fps=FPS, gop=FPS, b_frames=request.param))


def span(start: float, end: float) -> Span:
    return Span(0, Fraction(start), Fraction(end), Fraction(start + end) / 2)


def test_an_empty_ring_has_no_clip(tmp_path: Path) -> None:
    """There is nothing to write, and nothing is written."""
    with pytest.raises(ClipError, match="holds nothing"):
        RingClips(PacketRing(10, 1 << 20)).write(span(0, 5), [], tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()
    assert RingClips(PacketRing(10, 1 << 20)).newest() is None


@pytest.mark.parametrize("number", [25, 26, 49, 50, 51, 74, 88])
def test_a_still_is_the_picture_of_its_time(packets: list[Packet], tmp_path: Path, number: int) -> None:
    """First, middle and last pictures of a group, and their neighbours, are found."""
    wanted = time_at(packets, Fraction(number, FPS))
    clip = RingClips(ring_of(packets, 6)).write(span(1, 4), [wanted], tmp_path / "clip.mp4")
    [still] = clip.stills
    assert number_of(still.image) == number
    assert still.time == wanted


def test_stills_are_the_nearest_and_one_a_picture(packets: list[Packet], tmp_path: Path) -> None:
    """Times outside the clip give its ends; the same picture twice gives one still; another epoch gives none."""
    times = [time_at(packets, s) for s in (0, 2, 2, 5.5)] + [some_time(2, epoch=9)]
    clip = RingClips(ring_of(packets, 6)).write(span(1, 4), times, tmp_path / "clip.mp4")
    assert [number_of(still.image) for still in clip.stills] == [FPS, 2 * FPS, 4 * FPS]


def test_a_whole_clip_has_no_gap_and_knows_its_ticks(packets: list[Packet], tmp_path: Path) -> None:
    """It begins at the key frame at or before the start and ends with the last picture of the span."""
    clip = RingClips(ring_of(packets, 6)).write(span(1.5, 4), [], tmp_path / "clip.mp4")
    base = clip.stream.time_base
    assert clip.gaps == ()
    assert (clip.first.pts_s, clip.last.pts_s) == (1, 4)
    assert (clip.first_pts * base, clip.last_pts * base) == (1, 4)
    assert clip.fps == pytest.approx(FPS, abs=0.3)


def test_what_has_not_come_yet_is_a_gap(packets: list[Packet], tmp_path: Path) -> None:
    """Cut before its end, a clip says where it stops."""
    clip = RingClips(ring_of(packets, 3)).write(span(1, 5), [], tmp_path / "clip.mp4")
    [gap] = clip.gaps
    assert (gap.reason, gap.end_s) == ("post-roll not complete", 5.0)
    assert gap.start_s == pytest.approx(3.0, abs=0.2)


def test_a_clip_too_large_for_a_package_shows_what_lies_around_the_confirmation(
    packets: list[Packet], tmp_path: Path
) -> None:
    """Whole groups are left out, the farthest first, and both ends are told."""
    most = sum(len(packet.data) for packet in packets if 2 <= packet.time.pts_s < 4) + 100
    clip = RingClips(ring_of(packets, 6), most_bytes=most).write(span(0, 5.9), [], tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").stat().st_size < most + 20_000
    assert (clip.first.pts_s, round(float(clip.last.pts_s), 1)) == (2, 4.0)
    assert [(gap.reason, round(gap.start_s, 1), round(gap.end_s, 1)) for gap in told(clip)] == [
        (LEFT_OUT, 0.0, 2.0),
        (LEFT_OUT, 4.0, 5.9),
    ]


def test_the_group_of_the_confirmation_stays_however_long_it_is(packets: list[Packet], tmp_path: Path) -> None:
    """Of 4 s and 2 s between key frames the long one is kept where it shows the confirmation, near its end."""
    long = [replace(one, is_keyframe=one.is_keyframe and one.time.pts_s in {0, 4}) for one in packets]
    most = sum(len(packet.data) for packet in long if packet.time.pts_s < 4) + 100
    clip = RingClips(ring_of(long, 6), most_bytes=most).write(
        Span(0, Fraction(0), Fraction(59, 10), Fraction(7, 2)), [], tmp_path / "clip.mp4"
    )
    assert (clip.first.pts_s, round(float(clip.last.pts_s), 1)) == (0, 4.0)


def test_a_group_that_is_too_large_by_itself_is_cut_at_its_end(packets: list[Packet], tmp_path: Path) -> None:
    """Where not even one group fits its first pictures are kept: the rest needs them."""
    group = [packet for packet in packets if 3 <= packet.time.pts_s < 4]
    most = sum(len(packet.data) for packet in group) // 2
    clip = RingClips(ring_of(packets, 6), most_bytes=most).write(
        Span(0, Fraction(2), Fraction(5), Fraction(7, 2)), [], tmp_path / "clip.mp4"
    )
    assert clip.first.pts_s == 3
    assert 3 <= clip.last.pts_s < 4


def told(clip: Clip) -> list[Gap]:
    """The gaps of a clip that have both ends."""
    return [gap for gap in clip.gaps if gap.start_s is not None and gap.end_s is not None]
